"""Exports briefs as they finish, until none of those that are meant is open."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import redis

from config import durations
from config.times import backoff, monotonic
from worker.export.exporting import Counts, Export
from worker.selection.filter import Filter
from worker.selection.selecting import select
from worker.store.outages import is_outage
from worker.views import snapshots
from worker.views.happenings import changed, last_id
from worker.views.models import BriefView

T = TypeVar("T")


def followed(client: "redis.Redis", wanted: Filter, export: Export) -> Iterator[Counts]:
    """Export what is meant now, then what has moved of it, until all is finished; yields the counts.

    A brief that is accepted meanwhile and is meant comes to it. A Redis that is away for a while is waited
    for. Raises as `Export.add` does.
    """
    since = last_id(client)  # before the first look, so that nothing falls between
    following = _Following(client, wanted, export)
    following.begin()
    yield export.counts
    look_at = monotonic() + durations.EXPORT_LOOK_SECONDS
    while following.unfinished:
        block_ms = round(durations.REDIS_BLOCK_SECONDS * 1000)
        moved, since = _patiently(partial(changed, client, since, block_ms))
        began = monotonic()
        looks = began > look_at
        # The stream keeps only so many events, and a brief may be dropped without one.
        following.add(moved | following.unfinished if looks else moved)
        if looks:
            # To look at very many takes long: most of the time is for those that have moved.
            took = monotonic() - began
            look_at = monotonic() + max(durations.EXPORT_LOOK_SECONDS, 10 * took)
        yield export.counts


class _Following:
    """Which briefs are awaited, and when the index was written."""

    def __init__(self, client: "redis.Redis", wanted: Filter, export: Export) -> None:
        self._client = client
        self._wanted = wanted
        self._export = export
        self.unfinished: set[str] = set()
        self._write_at = monotonic()

    def begin(self) -> None:
        self._export.add(self._noted(each.brief) for each in select(self._client, self._wanted))
        self._write()

    def add(self, moved: set[str]) -> None:
        """Export what is meant of the briefs that have moved, and write the index if it is time."""
        ids = sorted(moved)
        for start in range(0, len(ids), snapshots.PAGE):
            _patiently(partial(self._add, ids[start : start + snapshots.PAGE]))
        if not self.unfinished or monotonic() > self._write_at:
            self._write()

    def _add(self, page: list[str]) -> None:
        found = snapshots.by_ids(self._client, page)
        self.unfinished -= set(page) - {brief.brief_id for brief in found}
        meant = [brief for brief in found if self._is_meant(brief)]
        self._export.add(meant)
        for brief in meant:
            self._noted(brief)

    def _is_meant(self, brief: BriefView) -> bool:
        return brief.brief_id in self.unfinished or (
            self._wanted.limit is None and self._wanted.matches(brief)
        )

    def _noted(self, brief: BriefView) -> BriefView:
        (self.unfinished.discard if brief.finished else self.unfinished.add)(brief.brief_id)
        return brief

    def _write(self) -> None:
        began = monotonic()
        self._export.write_indexes()
        # A large index takes long: most of the time is for the pictures.
        took = monotonic() - began
        self._write_at = monotonic() + max(durations.EXPORT_INDEX_SECONDS, 10 * took)


def _patiently(ask: Callable[[], T]) -> T:
    """Return what is asked for, again and again while Redis is away; raises its error after a while."""
    pauses, since = backoff(), None
    while True:
        try:
            return ask()
        except redis.RedisError as error:
            since = monotonic() if since is None else since
            if not is_outage(error) or monotonic() > since + 2 * durations.EXPORT_LOOK_SECONDS:
                raise
            time.sleep(next(pauses))
