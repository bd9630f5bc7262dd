"""The clock of a process, the time of the Redis server, how both are written, and pauses between tries."""

import random
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from config import durations

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


def longest_wait() -> float:
    """Return the seconds after which a request has begun to leave or never will: connection and TLS."""
    return 2 * durations.HTTP_CONNECT_SECONDS


def longest_call(timeout: float) -> float:
    """Return the seconds after which a call of the API has ended for certain, by its read and write timeout.

    Its connection waits no longer (`worker/network/timed_network.py`), however slowly the peer goes on.
    """
    return longest_wait() + 4 * timeout


def delay(failures: int, first: float, longest: float) -> float:
    """Return the pause after so many failures in a row: doubled with each of them, up to the longest."""
    return min(first * 2.0 ** min(failures - 1, 64), longest)


def backoff(longest: float | None = None) -> Iterator[float]:
    """Yield pauses in seconds for ever: doubled each time up to the longest, each jittered by half.

    Jittered, since all processes lose a server in the same moment and would return to it in one as well.
    """
    most = durations.BACKOFF_MOST_SECONDS if longest is None else longest
    for failures in count(1):
        pause = delay(failures, durations.BACKOFF_FIRST_SECONDS, most)
        yield pause * random.uniform(0.5, 1.5)  # noqa: S311  # no secret
