"""Exports briefs as they finish, until none of those that are meant is open or the time is over."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import redis

from config import durations
from config.times import monotonic
from worker.export.exporting import Export
from worker.selection.filter import Filter
from worker.selection.patience import Patience, patiently
from worker.selection.progress import FOR_PERSON, Queued
from worker.selection.selecting import select
from worker.views import snapshots
from worker.views.happenings import changed, last_id
from worker.views.models import BriefView


class Stand(NamedTuple):
    """How far an export is that follows."""

    unfinished: int
    """Briefs that are meant and have not ended."""
    for_person: int
    """How many of them nothing will happen to before a person has decided."""


def followed(client: "redis.Redis", wanted: Filter, export: Export, patience: Patience) -> Iterator[Stand]:
    """Export what is meant now, then what has moved of it, until all is finished or patience ends.

    Yields how far it is, the last time with the index written. A brief that is accepted meanwhile and is
    meant comes to it. A Redis that is away for a while is waited for. Raises as `Export.add` does.
    """
    since = last_id(client)  # before the first look, so that nothing falls between
    following = _Following(client, wanted, export, patience, Queued(client))
    following.begin()
    yield following.stand()
    look_at = monotonic() + durations.EXPORT_LOOK_SECONDS
    # What was queued is on record when it is not any more, and the events after that tell of it.
    while following.goes_on():
        moved, since = patiently(partial(_changed, client, since, patience))
        began = monotonic()
        looks = began > look_at
        # The stream keeps only so many events, and a brief may be dropped without one.
        following.add(moved | following.unfinished.keys() if looks else moved)
        if looks:
            # To look at very many takes long: most of the time is for those that have moved.
            took = monotonic() - began
            look_at = monotonic() + max(durations.EXPORT_LOOK_SECONDS, 10 * took)
        yield following.stand()
    export.write_indexes()
    yield following.stand()


def _changed(client: "redis.Redis", since: str, patience: Patience) -> tuple[set[str], str]:
    """Wait for events as `changed` does, and no longer than patience lasts."""
    return changed(client, since, patience.left_ms())


class _Following:
    """Which briefs are awaited, and when the index was written."""

    def __init__(
        self, client: "redis.Redis", wanted: Filter, export: Export, patience: Patience, queued: Queued
    ) -> None:
        self._client = client
        self._queued = queued
        self._may_come = queued.number() > 0
        """Whether a brief that was queued at first may not have been seen on record yet."""
        self._wanted = wanted
        self._export = export
        self._patience = patience
        self.unfinished: dict[str, tuple[str, bool]] = {}
        """Of each its state, and whether a rule has yet to look at its drafts."""
        self._write_at = monotonic()

    def begin(self) -> None:
        # All that is there by now, as without following, however long that takes.
        self._export.add(self._noted(each.brief) for each in select(self._client, self._wanted))
        self._patience.has_moved()  # as long as pictures came nothing stood still
        self._write()

    def goes_on(self) -> bool:
        """Return whether any brief is awaited still, or may come that was queued at first."""
        # Asked for before the next look, which finds what is queued no more.
        may_have_come, self._may_come = self._may_come, patiently(self._queued.number) > 0
        is_awaited = bool(self.unfinished) or self._may_come or may_have_come
        return is_awaited and not (self._patience.is_over() or self._patience.stands_still())

    def stand(self) -> Stand:
        """Return how far it is."""
        stand = Counter(self.unfinished.values())
        return Stand(stand.total(), sum(stand[state, False] for state in FOR_PERSON))

    def add(self, moved: set[str]) -> None:
        """Export what is meant of the briefs that have moved, and write the index if it is time."""
        ids = sorted(moved)
        for start in range(0, len(ids), snapshots.PAGE):
            patiently(partial(self._add, ids[start : start + snapshots.PAGE]))
        if not self.unfinished or monotonic() > self._write_at:
            self._write()

    def _add(self, page: list[str]) -> None:
        found = snapshots.by_ids(self._client, page)
        for brief_id in set(page) - {brief.brief_id for brief in found}:
            self._note(brief_id, None)
        meant = [brief for brief in found if self._is_meant(brief)]
        self._export.add(meant)
        for brief in meant:
            self._noted(brief)

    def _is_meant(self, brief: BriefView) -> bool:
        return brief.brief_id in self.unfinished or (
            self._wanted.limit is None and self._wanted.matches(brief)
        )

    def _noted(self, brief: BriefView) -> BriefView:
        self._note(brief.brief_id, None if brief.finished else (brief.state, brief.judging))
        return brief

    def _note(self, brief_id: str, stand: tuple[str, bool] | None) -> None:
        """Note where a brief stands that is meant, None where it has ended."""
        if self.unfinished.get(brief_id) != stand:
            self._patience.has_moved()
        if stand is None:
            self.unfinished.pop(brief_id, None)
        else:
            self.unfinished[brief_id] = stand

    def _write(self) -> None:
        began = monotonic()
        self._export.write_indexes()
        # A large index takes long: most of the time is for the pictures.
        took = monotonic() - began
        self._write_at = monotonic() + max(durations.EXPORT_INDEX_SECONDS, 10 * took)
