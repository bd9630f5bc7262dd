"""What takes a moment to find out, kept for some seconds: however many pages are open, it is found once."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from config.times import monotonic

T = TypeVar("T")
#: Things that are kept; with more, those that are too old go.
MOST = 1_000


class Recent:
    """Answers by what they are about.

    Threads may share it: while one finds an answer, the others wait for it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._found: dict[Hashable, tuple[float, Any]] = {}

    def get(self, of: Hashable, find: Callable[[], T]) -> T:
        """Return what was found of something, found anew where that is too long ago."""
        with self._lock:
            self._trim()
            own = self._locks.setdefault(of, threading.Lock())
        with own:
            at, found = self._found.get(of, (float("-inf"), None))
            if monotonic() - at > self._seconds:
                found = find()
                self._found[of] = monotonic(), found
            return cast(T, found)

    def forget(self, of: Hashable) -> None:
        """Have something found anew the next time; what another thread is finding is not kept either."""
        with self._lock:
            own = self._locks.setdefault(of, threading.Lock())
        with own:
            self._found.pop(of, None)

    def _trim(self) -> None:
        if len(self._found) > MOST:
            end = monotonic() - self._seconds
            for of in [of for of, (at, _) in self._found.items() if at < end]:
                self._found.pop(of, None)
                self._locks.pop(of, None)
