"""Which briefs a caller has sent, known before they are on record, and what they may cost a day."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, cast

import redis

from config import keys
from worker.callers import tokens
from worker.callers.tokens import Caller
from worker.store.functions import Command, flag, nothing, number

#: Milliseconds for which the credits of a day are kept: as long as any clock may say that it is that day.
_KEPT_MS = 2 * 24 * 3_600_000


def has_sent(client: "redis.Redis", caller: Caller, ids: Sequence[str]) -> list[bool]:
    """Return for each brief whether a caller has sent it."""
    if not ids:
        return []
    scores: Any = client.zmscore(keys.SENT(caller.name), list(ids))
    return [score is not None for score in scores]


def others_than(client: "redis.Redis", caller: Caller) -> list[str]:
    """Return the names of all others who have a token."""
    return [each.name for each in tokens.listed(client) if each.name != caller.name]


def disown(client: "redis.Redis", name: str, brief_id: str) -> None:
    """Forget that a caller has sent a brief, since another sender's brief of that id came first."""
    client.zrem(keys.SENT(name), brief_id)


def sent_by_another(client: "redis.Redis", caller: Caller, ids: Sequence[str], since_ms: int) -> list[bool]:
    """Return of each brief whether anybody else who has a token has sent it, since then."""
    others = others_than(client, caller)
    if not ids or not others:
        return [False] * len(ids)
    with client.pipeline(transaction=False) as pipe:
        for name in others:
            pipe.zmscore(keys.SENT(name), list(ids))
        found = pipe.execute()
    return [any((score or 0) >= since_ms for score in scores) for scores in zip(*found, strict=True)]


class Counted(IntEnum):
    """What became of a brief that was to be counted in."""

    OVER = 0
    #: It is the caller's, and may be sent.
    YES = 1
    TAKEN = 2


def count_in(
    caller: Caller,
    brief_id: str,
    cost: float,
    *,
    size: str,
    replaces: bool,
    day: str,
    keep_ms: int,
    others: Sequence[str] = (),
) -> Command[Counted]:
    """Put a brief on record as a caller's, with what it may cost, if the day's credits allow it.

    Not one whose id any of `others` has sent. One that is on record already costs nothing more; one of
    another `size`, or that `replaces` one of a day before, what it may cost more. Whoever is killed after
    this has counted what is not sent yet: sent again, it is not counted again.
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
        "others": list(others),
    }
    return Command("count_in", keys.SENT(caller.name), lambda answer: Counted(number(answer)), given)


def count_choice(caller: Caller, choice: str, cost: float, day: str, counter: str) -> Command[bool]:
    """Count what a choice costs more than its brief was counted with, if the day's credits allow it.

    Once a day, however often it is sent; `choice` tells it from all others, `counter` this run from others.
    """
    given = {"caller": caller.name, "day": day, "choice": choice, "cost": cost, "counter": counter}
    given |= {"most": caller.credits_a_day, "kept_ms": _KEPT_MS}
    return Command("count_choice", keys.CALLER_CREDITS(caller.name, day), flag, given)


def uncount_choice(caller: Caller, choice: str, day: str, counter: str) -> Command[None]:
    """Take back what a choice was counted with that was refused, unless another run has counted it since."""
    given = {"caller": caller.name, "day": day, "choice": choice, "counter": counter}
    return Command("uncount_choice", keys.CALLER_CREDITS(caller.name, day), nothing, given)


def spent(client: "redis.Redis", caller: Caller, day: str) -> float:
    """Return the credits that are counted of a caller's day so far; raises redis.RedisError."""
    return float(cast("str | None", client.get(keys.CALLER_CREDITS(caller.name, day))) or 0)


def would_count(
    client: "redis.Redis", caller: Caller, brief_id: str, cost: float, *, size: str, replaces: bool, day: str
) -> float:
    """Return the credits that `count_in` would count for a brief, and count nothing.

    For a caller whose credits have a limit. Raises redis.RedisError.
    """
    text = cast("str | None", client.hget(keys.CALLER_COUNTED(caller.name, day), brief_id)) or ""
    counted, _, its_size = text.partition(" ")
    is_another = its_size != size if counted else replaces
    if not is_another and client.zscore(keys.SENT(caller.name), brief_id) is not None:
        return 0.0
    return max(0.0, cost - float(counted or 0))


def day_of(ms: int) -> str:
    """Return the day (UTC) of a time in ms since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def seconds_to_midnight(ms: int) -> int:
    """Return how many seconds are left of the day (UTC) of a time in ms since 1970."""
    now = datetime.fromtimestamp(ms / 1000, UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight - now).total_seconds()) + 1
