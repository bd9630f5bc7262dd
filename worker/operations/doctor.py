"""The checks of `doctor`: Redis and what it may lose, queues, processes. They change nothing.

It fails where briefs stand still or money may be lost, and warns where they soon will.
"""

import time
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import redis

from config import durations, keys
from config.recorded import schema
from config.settings import settings
from config.shards import too_few
from config.text import counted
from config.times import redis_ms
from worker.choosing.installed import fault_of, plugins
from worker.operations import migrating
from worker.store import startup
from worker.store.findings import Level
from worker.views.counts import Counts, counts


class Health(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(NamedTuple):
    """One check: what was looked at, how it is, and what to do unless it is well."""

    name: str
    health: Health
    said: str
    remedy: str | None = None


_LEVELS = {
    Level.REFUSE: Health.FAIL,
    Level.STOPS: Health.FAIL,
    Level.WARN: Health.WARN,
    Level.NOTICE: Health.WARN,
    Level.UNASKED: Health.OK,
}
#: What is printed for each part of the start-up check that has no finding.
_WELL = {
    "rights": "each command that is used is allowed, on keys like ours",
    "durability": "evicts nothing, and syncs each write to its append-only file",
}


def server(client: "redis.Redis") -> Iterator[Check]:
    """Check the server as a start does, and its clock.

    Raises redis.RedisError.
    """
    wanted = settings().replicas
    name, findings = startup.examine(client, wanted)
    about = {finding.about for finding in findings}
    if "server" not in about:
        yield Check("server", Health.OK, name or "it does not tell its name or version")
    for finding in findings:
        yield Check(finding.about, _LEVELS[finding.level], finding.what, finding.remedy)
    if "server" in about or "rights" in about:
        return  # the rest might be refused as well
    for part, well in _WELL.items():
        if part not in about:
            yield Check(part, Health.OK, well)
    if wanted and "replicas" not in about:
        yield Check("replicas", Health.OK, f"{counted(wanted, 'replica')} answered")
    yield _schema(client)
    yield _clock(client)


def shards(first: "redis.Redis", number: int) -> Iterator[Check]:
    """Tell of accounts in more shards than these: all else is told without them. Raises redis.RedisError."""
    told = too_few(first.hgetall(keys.SHARDS()), number)
    if told is not None:
        what, _, do = told.partition(": ")
        yield Check("shards", Health.FAIL, what, do)


def _schema(client: "redis.Redis") -> Check:
    """Tell the ledger's schema; who is refused by it has a finding of the start."""
    found, newest = migrating.standing(client), schema.present()
    if found.number >= newest:
        beside = f"; processes of schema {found.oldest} and newer may work on it"
        return Check("schema", Health.OK, f"the ledger is of schema {found.number}{beside}")
    told = f"the ledger is of schema {found.number}, and becomes {newest} while processes work"
    return Check("schema", Health.OK, f"{told}: {counted(found.done, 'record')} so far")


def _clock(client: "redis.Redis") -> Check:
    began = time.time()
    off = round(abs(redis_ms(client.time()) - (began + time.time()) * 500))
    if off <= durations.CLOCK_ERROR_MS:
        return Check("clock", Health.OK, f"within {max(1, off)} ms of the server's")
    told = f"{off / 1000:.1f} s away from the server's, which decides; only logs show this machine's"
    return Check("clock", Health.WARN, told, "set the machines' clocks by NTP")


def choosers() -> Check:
    """Say which rules that look at drafts are installed on this machine."""
    installed = ", ".join(plugins()) or "none"
    lacks = fault_of("best")
    best = "best is installed" if lacks is None else f"best is not installed ({lacks})"
    return Check("choosing", Health.OK, f"{best}; plug-ins: {installed}")


def work(client: "redis.Redis") -> Iterator[Check]:
    """Check the queues, what waits for an operator, that workers run, and that due timers are run."""
    with client.pipeline(transaction=True) as pipe:
        for queue in (keys.INLET, keys.STEPS):
            pipe.llen(keys.QUEUE(queue))
            pipe.zcard(keys.DEAD_LETTERS(queue))
        pipe.zcard(keys.HELD_BRIEFS())
        pipe.zcard(keys.UNFINISHED())
        pipe.time()
        inlet, dead_briefs, steps, dead_steps, held, unfinished, answer = pipe.execute()
    now = redis_ms(answer)
    yield Check("queues", Health.OK, _waiting(inlet, steps, unfinished))
    yield _for_a_person("dead letters", dead_briefs + dead_steps)
    yield _for_a_person("held", held)
    yield _workers(client, now, waiting=inlet + steps + unfinished - held)
    yield _timers(client, now)
    yield _counts(counts(client))


def _waiting(inlet: int, steps: int, unfinished: int) -> str:
    unfinished_are = counted(unfinished, "brief is", "briefs are")
    return f"queued: {counted(inlet, 'brief')} and {counted(steps, 'step')}; {unfinished_are} open"


def _for_a_person(name: str, number: int) -> Check:
    if name == "held":
        nothing, see = "no brief waits for an operator", "see `identity-worker status --held`"
        told = f"{counted(number, 'brief waits', 'briefs wait')} for an operator's answer"
    else:
        nothing, told = "none", f"{counted(number, 'message')} that no worker could run"
        see = "see `identity-worker status --held`; `retry` brings one back, `cancel` throws it away"
    return Check(name, Health.WARN, told, see) if number else Check(name, Health.OK, nothing)


def _workers(client: "redis.Redis", now: int, *, waiting: int) -> Check:
    alive = client.zcount(keys.WORKERS(), now - durations.WORKER_DEAD_MS, "+inf")
    if alive:
        return Check("workers", Health.OK, f"{alive} alive")
    remedy = "start one: identity-worker work"
    return Check("workers", Health.FAIL if waiting > 0 else Health.WARN, "none runs", remedy)


def _counts(found: Counts) -> Check:
    if found.are_whole:
        return Check("counts", Health.OK, f"{counted(found.on_record, 'brief')} on record, each counted")
    told = f"{sum(found.of.values())} counted, and {counted(found.on_record, 'brief')} on record"
    return Check("counts", Health.WARN, told, "`identity-worker audit --recount` counts them anew")


def _timers(client: "redis.Redis", now: int) -> Check:
    """Check that due timers are acted on: jobs in flight, pauses and unresolved calls depend on them."""
    first: Any = client.zrange(keys.TIMERS(), 0, 0, withscores=True)
    late = now - first[0][1] if first else 0
    if late <= durations.TIMER_LATE_MS:
        return Check("timers", Health.OK, "none is late")
    number = client.zcount(keys.TIMERS(), "-inf", now - durations.TIMER_LATE_MS)
    told = f"{counted(number, 'timer is', 'timers are')} late, the first by {late // 1000:.0f} s"
    return Check("timers", Health.FAIL, told, "start a listener, or see its log: identity-worker listen")
