"""Reads the figures of the whole installation: six round trips, and one more for each hundred accounts.

It takes as long for a hundred thousand briefs as for one. Times are ms by the server's clock.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from config import durations, keys
from config.settings import Settings
from config.times import redis_ms
from worker.ledger.library import ledger_library
from worker.metrics.hooks import HookMeasures, read_hooks
from worker.metrics.measures import MOST, AccountMeasures, measure
from worker.store.findings import Finding
from worker.store.functions import Functions

#: The queues that are read.
QUEUES = (keys.INLET, keys.STEPS)


@dataclass(frozen=True, slots=True)
class Group:
    """Processes that share events among them: how many are in hand, and how many are still to come."""

    pending: int
    lag: int | None
    """None: the server does not know, as events were trimmed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures of an installation, as they stood at `at`."""

    at: int
    workers: int
    listeners: int
    queued: Mapping[str, int]
    queued_ms: Mapping[str, int]
    """How long the first message of a queue waits; nothing of one that is empty, or that does not tell."""
    dead_letters: Mapping[str, int]
    delayed: int
    unfinished: int
    held_ms: int | None
    """How long that brief is held that is held longest; None: none is."""
    timer_late_ms: int
    """How late the first timer is; 0: none is due."""
    events: int
    last_event_ms: int | None
    """How long ago the newest event was told of; None: there was none."""
    clock_back_ms: int
    """By how much the server's clock is behind its newest event: it was set back, or another leads now."""
    groups: Mapping[str, Group]
    tally: Mapping[str, str]
    """What processes have counted (`worker/tally/tally.py`)."""
    accounts: Sequence[AccountMeasures]
    hooks: Sequence[HookMeasures] = ()
    unsafe: Sequence[Finding] = ()
    """Why nothing may be bought on a server of it; nothing where that was not asked."""


def read(client: "redis.Redis", settings: Settings, inlets: Sequence[str] = ()) -> Reading:
    """Return the figures of now, those of further inlets' queues as well; raises redis.RedisError."""
    queues = (*QUEUES, *inlets)
    with client.pipeline(transaction=False) as pipe:  # in a transaction all answers would be decoded
        _ask(pipe, queues)
        answers = pipe.execute()
    time, accounts, workers, listeners, delayed, unfinished, held, timers, events, newest, tally, *rest = (
        answers
    )
    lengths, firsts, dead = (dict(zip(queues, rest[number::3], strict=True)) for number in range(3))
    now = redis_ms(time)
    # An id is never less than that of the event before it, whatever the clock says.
    newest_ms = int(newest[0][0].split("-")[0]) if newest else None
    return Reading(
        at=now,
        workers=sum(now - seen <= durations.WORKER_DEAD_MS for _, seen in workers),
        listeners=sum(now - seen <= durations.LEASE_MS for _, seen in listeners),
        queued=lengths,
        queued_ms=_ages(client, firsts, now),
        dead_letters=dead,
        delayed=delayed,
        unfinished=unfinished,
        held_ms=now - int(held[0][1]) if held else None,
        timer_late_ms=max(0, now - int(timers[0][1])) if timers else 0,
        events=events,
        last_event_ms=None if newest_ms is None else max(0, now - newest_ms),
        clock_back_ms=max(0, (newest_ms or 0) - now),
        groups=_groups(client) if events else {},
        tally=tally,
        accounts=_accounts(client, settings, sorted(accounts)),
        hooks=read_hooks(client, now),
    )


def _ask(pipe: Any, queues: Sequence[str]) -> None:
    """Ask for the figures of all, then of each queue for its length, its first message, its dead letters."""
    pipe.time()
    pipe.smembers(keys.ACCOUNTS())
    pipe.zrange(keys.WORKERS(), 0, -1, withscores=True)
    pipe.zrange(keys.LISTENERS(), 0, -1, withscores=True)
    pipe.zcard(keys.DELAYED())
    pipe.zcard(keys.UNFINISHED())
    pipe.zrange(keys.HELD_BRIEFS(), 0, 0, withscores=True)
    pipe.zrange(keys.TIMERS(), 0, 0, withscores=True)
    pipe.xlen(keys.EVENTS())
    pipe.xrevrange(keys.EVENTS(), count=1)
    pipe.hgetall(keys.TALLY())
    for queue in queues:
        pipe.llen(keys.QUEUE(queue))
        _raw(pipe, "LINDEX", keys.QUEUE(queue), 0)
        pipe.zcard(keys.DEAD_LETTERS(queue))


def _raw(pipe: Any, *words: str | int | bytes) -> None:
    """Ask for what others have written, which may be any bytes."""
    pipe.execute_command(*words, NEVER_DECODE=True)


def _ages(client: "redis.Redis", first: Mapping[str, bytes | None], now: int) -> dict[str, int]:
    with client.pipeline(transaction=False) as pipe:
        for queue, message_id in first.items():
            _raw(pipe, "HGET", keys.MESSAGES(queue), message_id or "")
        texts = pipe.execute()
    found = {queue: _sent_at(text) for queue, text in zip(first, texts, strict=True) if text is not None}
    return {queue: max(0, now - at) for queue, at in found.items() if at is not None}


def _sent_at(text: bytes) -> int | None:
    """Return when a message was sent, as its sender says; anybody may have written it."""
    try:
        return int(json.loads(text)["message_timestamp"])
    except (ValueError, LookupError, TypeError, RecursionError, OverflowError):
        return None


def _groups(client: "redis.Redis") -> dict[str, Group]:
    try:
        found: Any = client.xinfo_groups(keys.EVENTS())
    except redis.ResponseError as error:
        if "no such key" in str(error) or "NOPERM" in str(error):
            return {}
        raise
    return {each["name"]: Group(each.get("pending") or 0, each.get("lag", 0)) for each in found}


def _accounts(client: "redis.Redis", settings: Settings, names: Sequence[str]) -> list[AccountMeasures]:
    functions = Functions(client, ledger_library(settings))
    parts = [names[first : first + MOST] for first in range(0, len(names), MOST)]
    return [each for part in parts for each in functions.run(measure(part))]
