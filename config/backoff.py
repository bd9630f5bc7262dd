"""How long to wait before something that failed is tried again."""

import random
from collections.abc import Iterator

from config import durations


def pauses(longest: float | None = None) -> Iterator[float]:
    """Yield pauses in seconds for ever: doubled each time up to the longest, each jittered by half.

    Jittered, since all processes lose a server in the same moment and would return to it in one as well.
    """
    most = durations.BACKOFF_MOST_SECONDS if longest is None else longest
    pause = durations.BACKOFF_FIRST_SECONDS
    while True:
        yield pause * random.uniform(0.5, 1.5)  # noqa: S311  # no secret
        pause = min(pause * 2, most)
