"""What monitoring is told of endpoints of webhooks: three round trips, however many events wait."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from config import keys

#: Briefs of an endpoint whose events are looked at for the oldest: those to be sent first.
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class HookMeasures:
    """How an endpoint fares."""

    name: str
    waiting: int
    taken: int
    given_up: int
    lost: int
    paused: bool
    oldest_ms: int = 0
    """How long ago that event was told of which waits longest, of those that are to be sent first."""
    failing_ms: int = 0
    """For how long it takes nothing."""


def read_hooks(client: "redis.Redis", now: int) -> list[HookMeasures]:
    """Return how the endpoints fare at a time (ms since 1970); raises redis.RedisError."""
    names: Any = sorted(map(str, client.hkeys(keys.HOOKS())))
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hgetall(keys.HOOK(name))
            pipe.zrange(keys.HOOK_DUE(name), 0, _LOOKED_AT - 1)
        answers = pipe.execute() if names else []
    first = dict(zip(names, answers[1::2], strict=True))
    oldest = _oldest(client, {name: briefs for name, briefs in first.items() if briefs})
    return [
        _measures(name, fields, now, oldest.get(name))
        for name, fields in zip(names, answers[::2], strict=True)
    ]


def _oldest(client: "redis.Redis", first: dict[str, list[str]]) -> dict[str, int]:
    """Return for each endpoint the time of the oldest event that waits, by these briefs."""
    with client.pipeline(transaction=False) as pipe:
        for name, briefs in first.items():
            pipe.hmget(keys.HOOK_WAITING(name), *briefs)
        answers = pipe.execute() if first else []
    # One that was sent meanwhile is not there any more.
    found = {name: [_told_at(row) for row in rows if row] for name, rows in zip(first, answers, strict=True)}
    return {name: min(times) for name, times in found.items() if times}


def _told_at(row: str) -> int:
    """Return the time of a row's first event: its entry of the stream begins with that."""
    events: Sequence[str] = json.loads(row)["events"]
    return int(events[0].partition("-")[0])


def _measures(name: str, fields: dict[str, str], now: int, oldest: int | None) -> HookMeasures:
    def number(field: str) -> int:
        return int(fields.get(field) or 0)

    return HookMeasures(
        name,
        waiting=number("waiting"),
        taken=number("taken"),
        given_up=number("given_up"),
        lost=number("lost"),
        paused="paused" in fields,
        oldest_ms=max(0, now - oldest) if oldest is not None else 0,
        failing_ms=max(0, now - number("failing_since")) if "failing_since" in fields else 0,
    )


def together(shards: Sequence[Sequence[HookMeasures]]) -> list[HookMeasures]:
    """Return how the endpoints fare in all shards: numbers are added, and of ages the longest is told."""
    found: dict[str, list[HookMeasures]] = {}
    for each in (hook for hooks in shards for hook in hooks):
        found.setdefault(each.name, []).append(each)
    return [_both(name, parts) for name, parts in sorted(found.items())]


def _both(name: str, parts: Sequence[HookMeasures]) -> HookMeasures:
    return HookMeasures(
        name,
        waiting=sum(each.waiting for each in parts),
        taken=sum(each.taken for each in parts),
        given_up=sum(each.given_up for each in parts),
        lost=sum(each.lost for each in parts),
        paused=any(each.paused for each in parts),
        oldest_ms=max(each.oldest_ms for each in parts),
        failing_ms=max(each.failing_ms for each in parts),
    )
