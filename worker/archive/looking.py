"""Looks through all records for briefs whose pictures are not in the archive.

Events may be trimmed before they are read, and nobody tells of what came before there was an archive. One
archiver at a time looks, once an hour. Once a day it does not believe the records either, but lists the
place, where somebody may have deleted a file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import redis

from config import durations
from config.times import redis_ms
from worker.archive import records, stands
from worker.archive.archiving import Archive
from worker.archive.backlog import AT_ONCE
from worker.archive.health import PROBE
from worker.export.storing import Sizes
from worker.export.workbook import Workbook
from worker.places.target import Target, TargetError
from worker.selection.filter import Filter
from worker.selection.index import places
from worker.views import snapshots
from worker.views.models import BriefView

#: Files of the place that are listed at once.
_FILES = 10_000


class Look:
    """One look through all records, at a place that is listed first or believed to be as the records say."""

    def __init__(self, client: "redis.Redis", archive: Archive, *, lists: bool = False) -> None:
        """Without `lists` it lists the place if that was not done for a day."""
        self._place = archive.target.name
        self._began = redis_ms(client.time())
        before = stands.read(client, self._place)
        self._listed_at = 0 if before is None else before.listed_at
        self.lists = lists or self._began > self._listed_at + durations.ARCHIVE_CHECK_MS
        self.gone = 0
        """Pictures that were found to be gone, by the records that were read."""
        self.missed: dict[str, None] = {}
        """Briefs of which something could not be had; each has been tried twice at the end."""
        self._client = client
        self._archive = archive
        self.wait_for_hosts: Callable[[], object] = lambda: None
        """What is done before those that were missed are tried again."""
        self.steps = self._walk()
        """Briefs that lack something, a few at once, or none after some work; then those that were missed.

        Raises TargetError and redis.RedisError.
        """

    def _walk(self) -> Iterator[list[str]]:
        if self.lists:
            with Workbook.opened() as found:
                yield from _listed(self._archive.target, found)
                yield from self._lacking(found.size)
        else:
            yield from self._lacking(None)
        if self.missed:
            self.wait_for_hosts()
        yield from grouped([*self.missed])

    def end(self) -> None:
        """Put on record what was found; raises redis.RedisError."""
        stands.write(
            self._client,
            stands.Stand(
                self._place,
                at=redis_ms(self._client.time()),
                listed_at=self._began if self.lists else self._listed_at,
                lacking=len(self.missed),
                gone=self.gone,
            ),
        )

    def note(self, briefs: Iterable[str], over: set[str]) -> None:
        """Note which of some briefs lack nothing any more."""
        for brief_id in briefs:
            if brief_id in over:
                self.missed.pop(brief_id, None)
            else:
                self.missed[brief_id] = None

    def _lacking(self, sizes: Sizes | None) -> Iterator[list[str]]:
        walk = (place.brief_id for place in places(self._client, Filter()))
        while page := list(islice(walk, snapshots.PAGE)):
            briefs = snapshots.by_ids(self._client, page)
            yield from grouped([brief.brief_id for brief in briefs if self._lacks(brief, sizes)])
            yield []

    def _lacks(self, brief: BriefView, sizes: Sizes | None) -> bool:
        record = records.of_place(brief, self._place)
        self.gone += len(record["gone"])
        if record["pictures"] and sizes is not None and sizes("") is None:
            raise _empty(self._place)
        return self._archive.lacks(brief, sizes)


def grouped(briefs: Sequence[str]) -> Iterator[list[str]]:
    """Yield briefs, a few at once."""
    walk = iter(briefs)
    while group := list(islice(walk, AT_ONCE)):
        yield group


def _listed(target: Target, found: Workbook) -> Iterator[list[str]]:
    """Note all files of a place, and that there are any; yields after some, for events between."""
    walk = (each for each in target.files("") if each.path != PROBE)
    while some := list(islice(walk, _FILES)):
        found.add_files([*some, some[0]._replace(path="")])
        yield []


def _empty(place: str) -> TargetError:
    return TargetError(
        f"{place}: nothing lies there of all that was archived: mount it; if it was deleted on purpose, "
        "put any file there, and all is fetched again"
    )
