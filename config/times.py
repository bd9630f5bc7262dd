"""Times and durations: the clock of a process, the time of the Redis server, and how both are written."""

import time
from datetime import datetime

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def monotonic() -> float:
    """Return seconds from an arbitrary start, counted also while the process is stopped.

    Where the system has such a clock, also while the machine sleeps; not while a host pauses a virtual one.
    """
    return time.clock_gettime(_CLOCK)


def redis_ms(answer: tuple[int, int]) -> int:
    """Return the answer of Redis' `TIME` (seconds, microseconds) as milliseconds since 1970."""
    seconds, microseconds = answer
    return int(seconds) * 1000 + int(microseconds) // 1000


def format_time(milliseconds: int) -> str:
    """Return a time (ms since 1970) as this machine's date and time."""
    return f"{datetime.fromtimestamp(milliseconds / 1000):%Y-%m-%d %H:%M:%S}"


def format_duration(milliseconds: float, *, exact: bool = False) -> str:
    """Return a length of time in its largest unit: `45s`, `12m`, `3h`, `9d`.

    Exact ones are for what a person watches go by: `m:ss`, or `h:mm:ss` from an hour on.
    """
    seconds = max(0, int(milliseconds // 1000))
    if exact:
        minutes, rest = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
