"""Remembers which hosts have let a fetch wait in vain, so that one of them does not hold up all pictures."""

import threading
import time

from config import durations
from config.times import delay


class Hosts:
    """The hosts that pictures and links come from; for several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._silent: dict[str, tuple[int, float]] = {}
        """How often each has been silent in a row, and until when it is not asked."""

    def silence(self, host: str) -> float:
        """Return the seconds in which a host is still not asked; 0: it may be."""
        with self._lock:
            _, until = self._silent.get(host, (0, 0.0))
        return max(0.0, until - time.monotonic())

    def longest_silence(self) -> float:
        """Return the seconds after which no host is left alone any more."""
        with self._lock:
            latest = max((until for _, until in self._silent.values()), default=0.0)
        return max(0.0, latest - time.monotonic())

    def was_silent(self, host: str) -> None:
        """Note that a host has let somebody wait: those who waited at the same time count as one."""
        with self._lock:
            times, until = self._silent.get(host, (0, 0.0))
            now = time.monotonic()
            if now >= until:
                pause = delay(times + 1, durations.SILENT_FIRST_SECONDS, durations.SILENT_MOST_SECONDS)
                self._silent[host] = (times + 1, now + pause)

    def answered(self, host: str) -> None:
        """Note that a host has answered."""
        with self._lock:
            self._silent.pop(host, None)
