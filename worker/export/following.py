"""Exports briefs as they finish, until none of those that are meant is open."""

from collections.abc import Iterator

import redis

from config import durations
from config.times import monotonic
from worker.export.exporting import Counts, Export
from worker.selection.filter import Filter
from worker.selection.selecting import select
from worker.views import snapshots
from worker.views.happenings import changed, last_id
from worker.views.models import BriefView


def followed(client: "redis.Redis", wanted: Filter, export: Export) -> Iterator[Counts]:
    """Export what is meant now, then what has moved of it, until all is finished; yields the counts.

    A brief that is accepted meanwhile and is meant comes to it. Raises as `Export.add` does.
    """
    since = last_id(client)  # before the first look, so that nothing falls between
    unfinished: set[str] = set()

    def noted(brief: BriefView) -> BriefView:
        (unfinished.discard if brief.finished else unfinished.add)(brief.brief_id)
        return brief

    export.add(noted(each.brief) for each in select(client, wanted))
    export.write_indexes()
    yield export.counts
    written_at = looked_at = monotonic()
    while unfinished:
        moved, since = changed(client, since, round(durations.REDIS_BLOCK_SECONDS * 1000))
        if monotonic() - looked_at > durations.EXPORT_LOOK_SECONDS:
            # The stream keeps only so many events, and a brief may be dropped without one.
            looked_at, moved = monotonic(), moved | unfinished
        found = snapshots.by_ids(client, sorted(moved))
        unfinished -= moved - {brief.brief_id for brief in found}
        export.add(
            noted(brief)
            for brief in found
            if brief.brief_id in unfinished or (wanted.limit is None and wanted.matches(brief))
        )
        if not unfinished or monotonic() - written_at > durations.EXPORT_INDEX_SECONDS:
            export.write_indexes()
            written_at = monotonic()
        yield export.counts
