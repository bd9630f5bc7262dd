"""Pauses by a person: of an account, or of a batch in all accounts. What runs goes on; nothing new begins."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import redis

from config import keys
from config.times import format_time
from worker.ledger import commands
from worker.ledger.records import account_subject
from worker.operations import actions

if TYPE_CHECKING:
    # It brings along what writes and logs, which readers do without.
    from worker.ledger.ledger import Ledger


#: Who stops an account whose past is unknown.
SELF = "identity-worker"


class Halt(NamedTuple):
    """Who has paused something, since when (ms since 1970), and why."""

    by: str
    at: int
    why: str

    @property
    def goes_on(self) -> bool:
        """Whether the pause ends by itself: it lasts while forgotten purchases are being looked for."""
        return self.by == SELF

    @property
    def words(self) -> str:
        """Return it as text."""
        if self.goes_on:
            return (
                f"buying nothing since {format_time(self.at)}, until what it has bought is known: {self.why}"
            )
        return f"paused by {self.by} since {format_time(self.at)}" + (f": {self.why}" if self.why else "")


def halt(ledger: "Ledger", what: commands.Halted, by: str, why: str | None) -> Halt | None:
    """Pause an account or a batch; return the pause that it takes the place of."""
    new = Halt(by, ledger.now(), why or "")
    actions.record(ledger.client, "pause", by, why, **what._asdict())
    return read_halt(ledger.functions.run(commands.halt(what, json.dumps(new._asdict()))))


def go_on(ledger: "Ledger", what: commands.Halted, by: str, why: str | None) -> Halt | None:
    """Let an account or a batch go on; return its pause, None where it had none."""
    recorded = actions.record(ledger.client, "unpause", by, why, **what._asdict())
    before = read_halt(ledger.functions.run(commands.halt(what, "")))
    if before is None:
        recorded.not_done()
    return before


def resume(ledger: "Ledger", account: str, by: str, why: str | None) -> dict[str, str]:
    """Lift the pauses of an account that the API's refusals have made; return the reason of each."""
    recorded = actions.record(ledger.client, "resume", by, why, account=account)
    lifted = ledger.resume(account, by)
    if not lifted:
        recorded.not_done()
    return lifted


def read_halt(text: str | None) -> Halt | None:
    """Return the pause that stands on record as this text."""
    return Halt(**json.loads(text)) if text else None


def of_accounts(client: "redis.Redis", accounts: Iterable[str]) -> dict[str, Halt]:
    """Return which of these accounts are paused by a person."""
    return _read(client, {name: keys.RECORD(account_subject(name)) for name in accounts})


def of_batches(client: "redis.Redis", batches: Iterable[str]) -> dict[str, Halt]:
    """Return which of these batches are paused."""
    return _read(client, {name: keys.BUDGET(name) for name in batches})


def _read(client: "redis.Redis", records: dict[str, str]) -> dict[str, Halt]:
    with client.pipeline(transaction=False) as pipe:
        for record in records.values():
            pipe.hmget(record, "halted", "past")
        texts: list[Any] = pipe.execute()
    found = {name: read_halt(halted or past) for name, (halted, past) in zip(records, texts, strict=True)}
    return {name: halt for name, halt in found.items() if halt is not None}
