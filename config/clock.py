"""The clock by which a process knows that it has been away."""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def clock() -> float:
    """Return seconds from an arbitrary start, counted while the process is stopped.

    Where the system has such a clock, also while the machine sleeps; not while a host pauses a virtual one.
    """
    return time.clock_gettime(_CLOCK)
