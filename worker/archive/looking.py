"""Looks through all records for briefs whose pictures are not in the archive.

Events may be trimmed before they are read, and nobody is told of what came before there was an archive. One
archiver at a time looks, once an hour.
"""

from collections.abc import Iterator
from itertools import islice

import redis

from config import durations, keys
from worker.archive.archiving import Archive
from worker.archive.backlog import AT_ONCE
from worker.selection.filter import Filter
from worker.selection.index import places
from worker.views import snapshots

_DONE = "done"


def lacking(client: "redis.Redis", archive: Archive) -> Iterator[list[str]]:
    """Yield the briefs that lack something in the archive, a few at once; also none, after some were read."""
    walk = (place.brief_id for place in places(client, Filter()))
    while page := list(islice(walk, snapshots.PAGE)):
        found = [brief.brief_id for brief in snapshots.by_ids(client, page) if archive.lacks(brief)]
        yield from (found[start : start + AT_ONCE] for start in range(0, len(found), AT_ONCE))
        yield []


class Lease:
    """The right to look, of one archiver; it ends by itself. Every method raises redis.RedisError."""

    def __init__(self, client: "redis.Redis", archiver: str) -> None:
        self._client = client
        self._archiver = archiver

    def take(self) -> bool:
        """Return whether this archiver is the one to look now."""
        key = keys.ARCHIVE_LOOK()
        return bool(self._client.set(key, self._archiver, nx=True, px=durations.LEASE_KEPT_MS))

    def keep(self) -> bool:
        """Put its end off; return False if it is another's by now."""
        if self._client.get(keys.ARCHIVE_LOOK()) != self._archiver:
            return False
        # In between it may have become another's: then that one's is put off, which is no harm.
        return bool(self._client.pexpire(keys.ARCHIVE_LOOK(), durations.LEASE_KEPT_MS))

    def end(self, *, done: bool) -> None:
        """Give it back; `done`: nobody looks again for an hour."""
        if self._client.get(keys.ARCHIVE_LOOK()) == self._archiver:
            if done:
                self._client.set(keys.ARCHIVE_LOOK(), _DONE, px=durations.ARCHIVE_LOOK_MS)
            else:
                self._client.delete(keys.ARCHIVE_LOOK())
