"""Backoff: growing pauses between the tries of something that failed."""

import random
from collections.abc import Iterator
from itertools import count

from config import durations


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
