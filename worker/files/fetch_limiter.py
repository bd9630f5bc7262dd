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
    """Return how many of a process's threads may fetch: a host that never answers leaves the others alone."""
    return max(1, threads // 4)


def host_of(url: str) -> str:
    """Return the host that a picture's URL names."""
    return (urlsplit(url).hostname or "").rstrip(".")


class FetchLimiter:
    """The fetches of one process: those under way, and the briefs that wait for one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._active: dict[str, tuple[str, float]] = {}
        """Of each subject its host, and until when it may begin, or that it has begun."""
        self._waiting: dict[str, str] = {}

    def acquire(self, subject: str, host: str) -> bool:
        """Return whether a brief may fetch now; it waits for its turn if not."""
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
        """Let others fetch: this fetch is over, or it will not begin."""
        with self._lock:
            self._active.pop(subject, None)

    def call_next(self) -> str | None:
        """Return the first that waits and may fetch now, which is kept for it; None if there is none."""
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
        return len(hosts) < self._most and hosts.count(host) < EACH_HOST
