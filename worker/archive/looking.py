"""Looks through all records for briefs whose pictures are not in the archive.

Events may be trimmed before they are read, and nobody is told of what came before there was an archive. One
archiver at a time looks, once an hour.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import redis

from worker.archive.archiving import Archive
from worker.archive.backlog import AT_ONCE
from worker.selection.filter import Filter
from worker.selection.index import places
from worker.views import snapshots


def lacking(client: "redis.Redis", archive: Archive) -> Iterator[list[str]]:
    """Yield the briefs that lack something in the archive, a few at once; also none, after some were read."""
    walk = (place.brief_id for place in places(client, Filter()))
    while page := list(islice(walk, snapshots.PAGE)):
        found = [brief.brief_id for brief in snapshots.by_ids(client, page) if archive.lacks(brief)]
        yield from grouped(found)
        yield []


def grouped(briefs: Sequence[str]) -> Iterator[list[str]]:
    """Yield briefs, a few at once."""
    walk = iter(briefs)
    while group := list(islice(walk, AT_ONCE)):
        yield group
