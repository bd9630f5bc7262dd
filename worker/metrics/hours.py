"""How many briefs came, ended and were open in the last hours, by the lists that the ledger keeps of them.

Those lists are by time, so each number is found without a record being read, and for any time there is.
"""

from typing import NamedTuple

import redis

from config import keys
from config.times import redis_ms


class Hours(NamedTuple):
    """Numbers of equal steps of time, the oldest first; times are ms since 1970."""

    step_ms: int
    ends: tuple[int, ...]
    """When each step was over."""
    accepted: tuple[int, ...]
    finished: tuple[int, ...]
    """How many ended in each step, well or not."""
    unfinished: tuple[int, ...]
    """How many were open at its end."""


def hours(client: "redis.Redis", step_ms: int, steps: int) -> Hours:
    """Return the numbers of the last so many steps, the last of which is not over yet.

    Two round trips, as long for a hundred thousand briefs as for one.
    """
    now = redis_ms(client.time())
    last = (now // step_ms + 1) * step_ms
    ends = tuple(last - step_ms * back for back in reversed(range(steps)))
    with client.pipeline(transaction=False) as pipe:
        for end in ends:
            for key in (keys.BRIEFS(), keys.FINISHED()):
                pipe.zcount(key, end - step_ms, f"({end}")
                pipe.zcount(key, "-inf", f"({end}")
        found: list[int] = pipe.execute()
    accepted, before, finished, ended = (tuple(found[part::4]) for part in range(4))
    unfinished = tuple(max(0, came - gone) for came, gone in zip(before, ended, strict=True))
    return Hours(step_ms, ends, accepted, finished, unfinished)
