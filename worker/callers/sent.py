"""What a caller has sent, known before it arrives, and what that may cost a day."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from config import keys
from config.times import redis_ms
from worker.callers.tokens import Caller

#: Milliseconds for which the credits of a day are kept: as long as any clock may say that it is that day.
_KEPT_MS = 2 * 24 * 3_600_000
#: Credits by which a sum of mean prices may be off.
_ROUNDING = 1e-6


def has_sent(client: "redis.Redis", caller: Caller, ids: Sequence[str]) -> list[bool]:
    """Return of each brief whether a caller has sent it."""
    if not ids:
        return []
    scores: Any = client.zmscore(keys.SENT(caller.name), list(ids))
    return [score is not None for score in scores]


def count_in(client: "redis.Redis", caller: Caller, brief_id: str, cost: float, keep_ms: int) -> bool:
    """Put a brief on record as a caller's, with what it may cost; return whether the day's credits allow it.

    One that is on record already costs nothing more. Whoever is killed after this has counted what is not
    sent yet: sent again, it is not counted again.
    """
    now = redis_ms(client.time())
    mine, today = keys.SENT(caller.name), keys.CALLER_CREDITS(caller.name, day_of(now))
    if client.zscore(mine, brief_id) is not None:
        return True
    with client.pipeline(transaction=True) as pipe:
        pipe.zadd(mine, {brief_id: now}, nx=True)
        pipe.zremrangebyscore(mine, "-inf", now - keep_ms)
        pipe.incrbyfloat(today, cost)
        pipe.pexpire(today, _KEPT_MS)
        is_new, _, spent, _ = pipe.execute()
    if is_new and (caller.credits_a_day is None or float(spent) <= caller.credits_a_day + _ROUNDING):
        return True
    with client.pipeline(transaction=True) as pipe:
        pipe.incrbyfloat(today, -cost)
        if is_new:
            pipe.zrem(mine, brief_id)
        pipe.execute()
    return not is_new


def day_of(ms: int) -> str:
    """Return the day (UTC) of a time in ms since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def seconds_to_midnight(ms: int) -> int:
    """Return how many seconds are left of the day (UTC) of a time in ms since 1970."""
    now = datetime.fromtimestamp(ms / 1000, UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight - now).total_seconds()) + 1
