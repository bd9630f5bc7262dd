"""The check of `doctor` on the further inlets: their file, the accounts that it names, what waits there."""

from collections.abc import Collection, Iterator

import redis

from config import keys
from config.settings import Settings
from config.text import counted
from worker.callers import inlets
from worker.callers.inlets import InletsError
from worker.operations.doctor import Check, Health

_NAME = "inlets"


def checks(client: "redis.Redis", values: Settings, accounts: Collection[str]) -> Iterator[Check]:
    """Yield a line for each further inlet, or for what is wrong with their file; raises redis.RedisError."""
    if values.inlets is None:
        return
    try:
        known = inlets.read(values.inlets)
    except InletsError as error:
        yield Check(_NAME, Health.FAIL, str(error), "mend the file: no worker starts until then")
        return
    for name, inlet in known.items():
        waiting = counted(client.llen(keys.QUEUE(name)), "message waits", "messages wait")
        strange = sorted(set(inlet.accounts) - set(accounts))
        if accounts and strange:
            what = "which is no account" if len(strange) == 1 else "which are no accounts"
            told = f"{name} may use {', '.join(strange)}, {what} here; {waiting}"
            yield Check(_NAME, Health.WARN, told, f"set `accounts` of [{name}] in {values.inlets} right")
        else:
            yield Check(_NAME, Health.OK, f"{name}: {waiting}")
