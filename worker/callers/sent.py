"""What a caller has sent, known before it arrives, and what that may cost a day."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from config import keys
from worker.callers import tokens
from worker.callers.tokens import Caller
from worker.store.functions import Command, flag

#: Milliseconds for which the credits of a day are kept: as long as any clock may say that it is that day.
_KEPT_MS = 2 * 24 * 3_600_000


def has_sent(client: "redis.Redis", caller: Caller, ids: Sequence[str]) -> list[bool]:
    """Return of each brief whether a caller has sent it."""
    if not ids:
        return []
    scores: Any = client.zmscore(keys.SENT(caller.name), list(ids))
    return [score is not None for score in scores]


def sent_by_another(client: "redis.Redis", caller: Caller, ids: Sequence[str], since_ms: int) -> list[bool]:
    """Return of each brief whether anybody else who has a token has sent it, since then."""
    others = [each.name for each in tokens.listed(client) if each.name != caller.name]
    if not ids or not others:
        return [False] * len(ids)
    with client.pipeline(transaction=False) as pipe:
        for name in others:
            pipe.zmscore(keys.SENT(name), list(ids))
        found = pipe.execute()
    return [any((score or 0) >= since_ms for score in scores) for scores in zip(*found, strict=True)]


def count_in(
    caller: Caller, brief_id: str, cost: float, *, size: str, replaces: bool, day: str, keep_ms: int
) -> Command[bool]:
    """Put a brief on record as a caller's, with what it may cost; tell whether the day's credits allow it.

    One that is on record already costs nothing more; one of another `size`, or that `replaces` one of a day
    before, what it may cost more. Whoever is killed after this has counted what is not
    sent yet: sent again, it is not counted again.
    """
    given = {
        "caller": caller.name,
        "day": day,
        "brief": brief_id,
        "cost": cost,
        "size": size,
        "replaces": replaces,
        "most": caller.credits_a_day,
        "keep_ms": keep_ms,
        "kept_ms": _KEPT_MS,
    }
    return Command("count_in", keys.SENT(caller.name), flag, given)


def day_of(ms: int) -> str:
    """Return the day (UTC) of a time in ms since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def seconds_to_midnight(ms: int) -> int:
    """Return how many seconds are left of the day (UTC) of a time in ms since 1970."""
    now = datetime.fromtimestamp(ms / 1000, UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight - now).total_seconds()) + 1
