"""The checks of `doctor` for the archive: that its place takes files, that archivers run and keep up."""

from collections.abc import Iterator
from typing import Any

import redis

from config import durations, keys
from config.settings import Settings
from config.text import counted
from worker.archive.stands import group_of
from worker.operations.doctor import Check, Health
from worker.places.target import TargetError
from worker.places.targets import open_target

#: A file that is written at the top of the place, to see that one can be.
PROBE = ".identity-worker"
_PROBE_TEXT = b"Written by identity-worker to see that files can be.\n"


def checks(client: "redis.Redis", settings: Settings) -> Iterator[Check]:
    """Check the archive, if there is one; a small file is written there. Raises redis.RedisError."""
    if not settings.archive:
        return
    mend = "mend that, or name another place in IDENTITY_WORKER_ARCHIVE; nothing is lost meanwhile"
    try:
        target = open_target(settings.archive)
    except TargetError as error:
        yield Check("archive", Health.FAIL, str(error), mend)
        return
    try:
        target.write(PROBE, _PROBE_TEXT)
        yield Check("archive", Health.OK, f"{target.name} takes files")
    except TargetError as error:
        yield Check("archive", Health.FAIL, f"it can't be written: {error}", mend)
    yield _archivers(client, group_of(target.name))


def _archivers(client: "redis.Redis", name: str) -> Check:
    try:
        groups: Any = client.xinfo_groups(keys.EVENTS())
        consumers: Any = client.xinfo_consumers(keys.EVENTS(), name)
    except redis.ResponseError as error:
        if "NOPERM" in str(error) or "permission" in str(error):
            return Check("archivers", Health.OK, "the server does not let us ask")
        groups, consumers = [], []
    alive = sum(each["idle"] < durations.SILENCE_TOLD_MS for each in consumers)
    group: dict[str, Any] = next((each for each in groups if each["name"] == name), {})
    behind, lag = group.get("pending") or 0, group.get("lag", 0)
    # After events were trimmed the server does not know it.
    told = f"{counted(behind, 'event')} in hand" if lag is None else f"{counted(behind + lag, 'event')} to go"
    if alive:
        return Check("archivers", Health.OK, f"{alive} alive, {told}")
    remedy = "start one: identity-worker archive"
    return Check("archivers", Health.WARN, f"IDENTITY_WORKER_ARCHIVE is set, and none runs; {told}", remedy)
