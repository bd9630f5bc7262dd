"""Limits the fetches from URLs that briefs name: few at once, one for each host, in order.

Nobody waits in a thread. A brief that may not fetch yet is put back with a timer, waits here, and is woken
when it may. Should the process die, its timer is left.
"""

import threading
import time
from urllib.parse import urlsplit

from config import durations

#: Fetches at once from one host.
EACH_HOST = 1
_FETCHING = float("inf")


def share_of(threads: int) -> int:
    """Return how many of a process's threads may fetch: hosts that never answer leave the others free."""
    return max(1, threads // 4)


def host_of(url: str) -> str:
    """Return the host that a picture's URL names."""
    return (urlsplit(url).hostname or "").rstrip(".")


class FetchLimiter:
    """The limiter of one process: the fetches under way, and the briefs that wait to fetch."""

    def __init__(self, most: int) -> None:
        self.most = most
        """Fetches at once, of all hosts."""
        self._lock = threading.Lock()
        self._active: dict[str, tuple[str, float]] = {}
        """Of each subject its host, and until when it may begin, or that it has begun."""
        self._waiting: dict[str, str] = {}

    def acquire(self, subject: str, host: str) -> bool:
        """Return whether a brief may fetch now; if not, it waits in the queue."""
        with self._lock:
            _, until = self._active.get(subject, (host, 0.0))
            if until == _FETCHING:
                return False  # another run of its step does it
            if not until and not self._has_room(host):
                self._waiting.setdefault(subject, host)
                return False
            self._waiting.pop(subject, None)
            self._active[subject] = (host, _FETCHING)
            return True

    def release(self, subject: str) -> None:
        """End a brief's fetch, whether or not it was made, so that others may begin."""
        with self._lock:
            self._active.pop(subject, None)

    def call_next(self) -> str | None:
        """Return the first queued brief that may fetch now, else None; its place is kept."""
        with self._lock:
            for subject, host in self._waiting.items():
                if self._has_room(host):
                    del self._waiting[subject]
                    self._active[subject] = (host, time.monotonic() + durations.FETCH_CALLED_SECONDS)
                    return subject
        return None

    def _has_room(self, host: str) -> bool:
        now = time.monotonic()
        self._active = {subject: each for subject, each in self._active.items() if each[1] > now}
        hosts = [host_ for host_, _ in self._active.values()]
        return len(hosts) < self.most and hosts.count(host) < EACH_HOST
