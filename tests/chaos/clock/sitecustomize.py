"""Gives the process on whose path this stands clocks of its own.

CLOCK_AHEAD: seconds by which its wall clock is ahead, or behind if negative. MONOTONIC_FROM: where its
monotonic clocks start, in seconds, as on a machine that has just booted.

Python imports a module of this name before any other, so the processes that a command starts have such clocks
too, and the commands run as they are. To change the kernel's clocks would take a privilege.
"""

import datetime
import os
import time
from collections.abc import Callable
from functools import partial

_AHEAD = float(os.environ.get("CLOCK_AHEAD", "0"))
_FROM = os.environ.get("MONOTONIC_FROM")
_now, _now_ns, _gettime = time.time, time.time_ns, time.clock_gettime
#: Those that start anywhere, of those that the system has.
_MONOTONIC = {
    getattr(time, name, None) for name in ("CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME")
}


class _Datetime(datetime.datetime):
    """The same, for those who ask it for the time."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "_Datetime":
        """Return the time of this process."""
        return super().now(tz) + datetime.timedelta(seconds=_AHEAD)


def _set_wall() -> None:
    time.time = lambda: _now() + _AHEAD
    time.time_ns = lambda: _now_ns() + round(_AHEAD * 1_000_000_000)
    datetime.datetime = _Datetime  # type: ignore[misc]


def _starting_at(start: float, clock: Callable[[], float]) -> Callable[[], float]:
    began = clock()
    return lambda: clock() - began + start


def start_monotonic(start: float) -> None:
    """Let the monotonic clocks of this process start now, at so many seconds."""
    clocks = {each: _starting_at(start, partial(_gettime, each)) for each in _MONOTONIC if each is not None}
    time.clock_gettime = lambda clock: clocks.get(clock, lambda: _gettime(clock))()
    time.monotonic = _starting_at(start, time.monotonic)
    time.monotonic_ns = lambda: round(time.monotonic() * 1_000_000_000)
    time.perf_counter = _starting_at(start, time.perf_counter)
    time.perf_counter_ns = lambda: round(time.perf_counter() * 1_000_000_000)


if _AHEAD:
    _set_wall()
if _FROM is not None:
    start_monotonic(float(_FROM))
