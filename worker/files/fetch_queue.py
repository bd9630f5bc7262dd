"""Which briefs may fetch from strangers now: few at once in a process, one for each host, first come first.

Nobody waits in a thread. Whoever finds no place is put back with a timer, stands in line here, and is called
when its turn has come. The line is a hint: when the process dies, the timers are left.
"""

import threading
import time
from urllib.parse import urlsplit

from config import durations

#: Fetches at once from one host.
EACH_HOST = 1
_FETCHES = float("inf")


def share_of(threads: int) -> int:
    """Return how many of a process's threads may fetch: a host that never answers leaves the others alone."""
    return max(1, threads // 4)


def host_of(url: str) -> str:
    """Return the host that a picture's URL names."""
    return (urlsplit(url).hostname or "").rstrip(".")


class FetchPlaces:
    """The places of one process, and the line of those who want one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._taken: dict[str, tuple[str, float]] = {}
        """Of each subject its host, and until when its place is kept."""
        self._line: dict[str, str] = {}

    def take(self, subject: str, host: str) -> bool:
        """Take a place for a fetch, or stand in line for one."""
        with self._lock:
            _, until = self._taken.get(subject, (host, 0.0))
            if until == _FETCHES:
                return False  # another run of its step does it
            if not until and not self._has_room(host):
                self._line.setdefault(subject, host)
                return False
            self._line.pop(subject, None)
            self._taken[subject] = (host, _FETCHES)
            return True

    def give_back(self, subject: str) -> None:
        """Give a place back: the fetch is over, or who was called does not come."""
        with self._lock:
            self._taken.pop(subject, None)

    def call(self) -> str | None:
        """Return the first in line for whom there is a place, and keep it; None if there is nobody."""
        with self._lock:
            for subject, host in self._line.items():
                if self._has_room(host):
                    del self._line[subject]
                    self._taken[subject] = (host, time.monotonic() + durations.FETCH_CALLED_SECONDS)
                    return subject
        return None

    def _has_room(self, host: str) -> bool:
        now = time.monotonic()
        self._taken = {subject: place for subject, place in self._taken.items() if place[1] > now}
        hosts = [taken for taken, _ in self._taken.values()]
        return len(hosts) < self._most and hosts.count(host) < EACH_HOST
