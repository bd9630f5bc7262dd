"""Logging what happens to many at once: a thousand accounts that lose one Redis are one trouble."""

import time
from typing import Any

import structlog

#: Seconds in which a trouble that has just been logged is only counted; doubled each time, up to the longest.
FIRST = 1.0
LONGEST = 60.0


class Trouble:
    """Logs one event the first time, and then at growing intervals, with how often it happened in between."""

    def __init__(self, log: "structlog.typing.FilteringBoundLogger", event: str) -> None:
        self._log = log
        self._event = event
        self._pause = FIRST
        self._silent_until = float("-inf")
        self._times = 0

    def met(self, **told: Any) -> None:
        """Log that it happened, or count it; after the longest pause without it, it is a new trouble."""
        self._times += 1
        now = time.monotonic()
        if now < self._silent_until:
            return
        self._pause = FIRST if now > self._silent_until + LONGEST else min(2 * self._pause, LONGEST)
        self._log.warning(self._event, **told, times=self._times)
        self._times, self._silent_until = 0, now + self._pause
