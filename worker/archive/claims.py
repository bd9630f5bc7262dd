"""The rights to archive a brief, or to search for missing pictures: one archiver's each, for a limited time.

Without them two archivers would fetch the same pictures. Nothing is lost where a right ends too soon, as that
of a frozen process does: what is put on record is compared with what stood there.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from config import durations, keys
from config.recorded.key import Key
from worker.ledger import leases
from worker.places.names import digest
from worker.store.functions import Functions

#: Stands in place of an archiver for an hour after a search.
DONE = "done"


class Claims:
    """The rights of one archiver, for its threads; every method raises redis.RedisError."""

    def __init__(self, functions: Functions, place: str, archiver: str) -> None:
        self._functions = functions
        self._place = digest(place)
        self._archiver = archiver
        self._lock = threading.Lock()
        self._held: set[tuple[Key, str]] = set()

    @contextmanager
    def brief(self, brief_id: str) -> Iterator[bool]:
        """Yield whether this archiver is the one to archive a brief here; give that back at the end."""
        of = f"{self._place}:{brief_id}"
        if not self.take(keys.ARCHIVING, of):
            yield False
            return
        try:
            yield True
        finally:
            self.end(keys.ARCHIVING, of)

    def take(self, right: Key, of: str) -> bool:
        """Return whether this archiver has a right now, for `durations.LEASE_KEPT_MS`."""
        wanted = leases.hold(right, of, self._archiver, durations.LEASE_KEPT_MS, take=True)
        is_ours = self._functions.run(wanted)
        with self._lock:
            (self._held.add if is_ours else self._held.discard)((right, of))
        return is_ours

    def keep(self) -> None:
        """Renew all rights that this archiver has; one that has become another archiver's is left alone."""
        with self._lock:
            held = sorted(self._held)
        for right, of in held:
            self._functions.run(leases.hold(right, of, self._archiver, durations.LEASE_KEPT_MS))

    def end(self, right: Key, of: str, *, done_ms: int | None = None) -> None:
        """Give a right back; `done_ms`: nobody is given it for so long."""
        with self._lock:
            self._held.discard((right, of))
        instead = None if done_ms is None else DONE
        self._functions.run(leases.hold(right, of, self._archiver, done_ms, instead=instead))
