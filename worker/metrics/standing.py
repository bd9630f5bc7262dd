"""Tells whether an installation stands still: something waits, could start, and nothing has moved.

`/readyz` and the figures of `/metrics` say it by the same rules.
"""

from collections.abc import Iterator
from typing import NamedTuple

from config.text import counted
from config.times import format_duration
from worker.metrics.reading import Reading


class Reason(NamedTuple):
    """Why an installation stands still, and what to do."""

    what: str
    """`redis`, `durability`, `replicas`, `worker`, `listener`, `clock`, `queue`, `waiting` or `timers`."""
    told: str
    remedy: str


def reasons(reading: Reading, still_ms: int) -> list[Reason]:
    """Return why an installation stands still, which is nothing where it does not.

    `still_ms`: for how long nothing may move while something could.
    """
    unsafe = [Reason(each.about, each.what, each.remedy) for each in reading.unsafe]
    return [*unsafe, *_processes(reading), *_clock(reading, still_ms), *_standing_still(reading, still_ms)]


def _processes(reading: Reading) -> Iterator[Reason]:
    if not reading.workers:
        yield Reason("worker", "no worker runs", "start one: identity-worker work")
    if not reading.listeners:
        yield Reason("listener", "no listener runs", "start one: identity-worker listen")


def _clock(reading: Reading, still_ms: int) -> Iterator[Reason]:
    """Tell of a clock that was set back: full windows, pauses and timers wait for the times on record."""
    if reading.clock_back_ms > still_ms:
        behind = format_duration(reading.clock_back_ms)
        told = f"the clock of Redis' server was set back: it is {behind} behind the newest event"
        yield Reason("clock", told, "correct it; until then what waits for a time waits that much longer")


def _standing_still(reading: Reading, still_ms: int) -> Iterator[Reason]:
    quiet_ms = reading.last_event_ms
    if quiet_ms is not None and quiet_ms <= still_ms:
        return  # briefs come to something, if slowly: each has several events
    see = "see the workers' logs, and `identity-worker doctor`"
    for queue, age_ms in reading.queued_ms.items():
        if age_ms > still_ms:
            number = counted(reading.queued[queue], "message")
            yield Reason("queue", f"{queue}: {number} queued, the first for {format_duration(age_ms)}", see)
    starting = list(_could_start(reading, still_ms))
    if starting:
        told = f"{starting[0]}; {counted(len(starting), 'waiting list')} in all"
        yield Reason("waiting", told, see)
    if reading.timer_late_ms > still_ms:
        told = f"a timer has been due for {format_duration(reading.timer_late_ms)}, and nobody runs it"
        yield Reason("timers", told, "see the listeners' logs: they run due timers")


def _could_start(reading: Reading, still_ms: int) -> Iterator[str]:
    """Yield of each waiting list in words whether its first could have started long ago."""
    for account in reading.accounts:
        for front in account.fronts:
            if front.ms > still_ms and set(front.lacks) <= {"step"}:
                since = format_duration(front.ms)
                told = f"the first for {front.endpoint} has waited {since} and lacks nothing"
                yield f"account {account.name}: {told}"
