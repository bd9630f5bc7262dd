"""What a Redis may lose or throw away: looked at before a process begins, and by whoever diagnoses.

Money is recorded there. A server that evicts keys forgets paid calls while it runs, so nothing starts on one.
One that keeps too little on disk forgets them when it ends: that is its operator's choice, and said aloud.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import redis

from config import logs
from config.pauses import pauses

log = logs.get("redis")

#: Seconds for which a server that starts or restarts is waited for.
PATIENCE = 10.0


class Level(StrEnum):
    """How bad a finding is."""

    #: Nothing may run on this server.
    REFUSE = "refuse"
    #: Acknowledged writes may be lost, or nobody knows.
    WARN = "warn"
    #: Worth knowing: a smaller loss that was chosen.
    NOTICE = "notice"


@dataclass(frozen=True)
class Finding:
    """One thing about a server: what could be lost by it, and what to do."""

    level: Level
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


class UnsafeServer(Exception):
    """Raised when a server may evict keys; says what to set."""


def examine(client: "redis.Redis") -> list[Finding]:
    """Return what is to be said of a server, the worst first; raises redis.ConnectionError or TimeoutError.

    What the server does not let us ask is a finding as well.
    """
    found = [*_eviction(_asked(client.info, "memory")), *_persistence(client)]
    return sorted(found, key=lambda finding: list(Level).index(finding.level))


def check(client: "redis.Redis", patience: float = PATIENCE) -> None:
    """Log what is to be said of a server; wait up to `patience` seconds for one that does not answer yet.

    Raises UnsafeServer when nothing may run on it, redis.RedisError when it does not answer.
    """
    for finding in _awaited(client, patience):
        if finding.level is Level.REFUSE:
            raise UnsafeServer(str(finding))
        say = log.warning if finding.level is Level.WARN else log.info
        say("redis.durability", what=finding.what, remedy=finding.remedy)


def _awaited(client: "redis.Redis", patience: float) -> list[Finding]:
    end = time.monotonic() + patience
    for pause in pauses():
        try:
            return examine(client)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            # A wrong password does not become right by waiting.
            if isinstance(error, redis.AuthenticationError) or time.monotonic() + pause > end:
                raise
            log.warning("redis.unreachable", error=str(error), again_in=round(pause, 2))
            time.sleep(pause)
    raise AssertionError("pauses never end")


def _eviction(memory: Mapping[str, Any] | None) -> Iterator[Finding]:
    if memory is None or "maxmemory_policy" not in memory:
        yield Finding(
            Level.WARN,
            "the server does not say whether it evicts keys: paid calls could be forgotten while it runs",
            "see that its maxmemory-policy is noeviction, and allow INFO",
        )
        return
    limit, policy = memory.get("maxmemory", 0), memory["maxmemory_policy"]
    if limit and policy != "noeviction":
        yield Finding(
            Level.REFUSE,
            f"the server may evict keys (maxmemory {limit}, maxmemory-policy {policy}): briefs, permits and "
            "the records of paid calls among them",
            "run `CONFIG SET maxmemory-policy noeviction` and set it in the server's configuration, or use "
            "another server",
        )


def _persistence(client: "redis.Redis") -> Iterator[Finding]:
    persistence = _asked(client.info, "persistence")
    if persistence is None or "aof_enabled" not in persistence:
        yield Finding(
            Level.WARN,
            "the server does not say what it keeps on disk: everything could be lost when it ends",
            "see that it has appendonly yes and appendfsync always, and allow INFO",
        )
    elif persistence["aof_enabled"]:
        yield from _syncing((_asked(client.config_get, "appendfsync") or {}).get("appendfsync"))
    else:
        yield _without_append_only_file((_asked(client.config_get, "save") or {}).get("save"))


_SYNC_ALWAYS = "set appendonly yes and appendfsync always"


def _syncing(policy: str | None) -> Iterator[Finding]:
    if policy is None:
        yield Finding(
            Level.WARN,
            "the server does not say how often it syncs its append-only file: records of paid calls could be "
            "lost when its machine fails",
            "see that it has appendfsync always, and allow CONFIG GET",
        )
    elif policy == "everysec":
        yield Finding(
            Level.NOTICE,
            "the server syncs once a second: when it is killed or its machine fails, up to two seconds of "
            "briefs and paid calls' records could be lost, and such a call be made and paid again",
            "for none, set appendfsync always",
        )
    elif policy != "always":
        yield Finding(
            Level.WARN,
            f"the server leaves it to its system when to sync (appendfsync {policy}): when its machine "
            "fails, half a minute of briefs and paid calls' records could be lost",
            "set appendfsync always, or everysec",
        )


def _without_append_only_file(save: str | None) -> Finding:
    if save:
        what = f"the server keeps snapshots only (save {save}): when it ends, all since the last one is lost"
    elif save is None:
        what = "the server has no append-only file: when it ends, all since its last snapshot is lost"
    else:
        what = "the server keeps nothing on disk: when it ends, all briefs and paid calls' records are lost"
    return Finding(Level.WARN, what, _SYNC_ALWAYS)


def _asked(question: Any, about: str) -> Mapping[str, Any] | None:
    """Return the server's answer, None where it may not be asked: managed servers rename or forbid CONFIG."""
    try:
        answer: Mapping[str, Any] = question(about)
    except redis.ResponseError as error:
        # Loading its file is a ConnectionError; this one is NOPERM or an unknown command.
        log.debug("redis.unasked", about=about, error=str(error))
        return None
    return answer
