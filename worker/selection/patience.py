"""How long a process that waits for briefs goes on: not for ever, and not while nothing moves."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import redis

from config import durations
from config.times import backoff, monotonic
from worker.store.outages import is_outage

T = TypeVar("T")


@dataclass
class Patience:
    """Since when it has waited, and since when nothing has moved; limits in ms, None: there is none."""

    still_ms: int | None
    """That nothing may have moved."""
    most_ms: int | None
    """To wait at the most."""
    began: float = field(default_factory=monotonic)
    moved: float = field(default_factory=monotonic)

    def has_moved(self) -> None:
        """Something has moved just now."""
        self.moved = monotonic()

    def left_ms(self) -> int:
        """Return after how long to look whatever happens: at least 1, and what Redis blocks at the most."""
        left = min(self._stall_end, self._end) - monotonic()
        return max(1, round(min(durations.REDIS_BLOCK_SECONDS, left) * 1000))

    def stands_still(self) -> bool:
        """Return whether nothing has moved for too long."""
        return monotonic() >= self._stall_end

    def is_over(self) -> bool:
        """Return whether the time is over."""
        return monotonic() >= self._end

    @property
    def _stall_end(self) -> float:
        return float("inf") if self.still_ms is None else self.moved + self.still_ms / 1000

    @property
    def _end(self) -> float:
        return float("inf") if self.most_ms is None else self.began + self.most_ms / 1000


def patiently(ask: Callable[[], T]) -> T:
    """Return the answer of a call that only reads, and is repeated while Redis is away, for a minute.

    Raises redis.RedisError: that of an outage after the minute, any other at once.
    """
    pauses, since = backoff(), None
    while True:
        try:
            return ask()
        except redis.RedisError as error:
            since = monotonic() if since is None else since
            if not is_outage(error) or monotonic() > since + durations.REDIS_AWAY_SECONDS:
                raise
            time.sleep(next(pauses))
