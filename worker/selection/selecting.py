"""Selects briefs by a filter: walks the index of those on record in the order in which they were accepted.

The walk holds a page at a time. A cursor is a place in that order, not a count: what comes, moves on or
finishes meanwhile shifts nothing, so each brief that was there all the time is met once.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import redis

from worker.selection.filter import Filter
from worker.selection.index import Place, places
from worker.selection.likely import likely
from worker.views import snapshots
from worker.views.models import BriefView

#: Briefs that are read at once.
PAGE = 200


class Selected(NamedTuple):
    """A brief that a filter means, as it stood when it was read, and the cursor to go on after it."""

    brief: BriefView
    cursor: str


def select(client: "redis.Redis", wanted: Filter) -> Iterator[Selected]:
    """Yield the briefs that are meant, the first accepted first."""
    yield from islice(_all(client, wanted), wanted.limit)


def candidates(client: "redis.Redis", wanted: Filter) -> Iterator[Place]:
    """Yield the places of those that may be meant, by few fields, without a limit."""
    walk = places(client, wanted)
    while page := list(islice(walk, PAGE)):
        yield from likely(client, wanted, page)


def _all(client: "redis.Redis", wanted: Filter) -> Iterator[Selected]:
    walk = candidates(client, wanted)
    while page := list(islice(walk, PAGE)):
        at = {place.brief_id: place for place in page}
        for brief in snapshots.by_ids(client, list(at)):
            if wanted.matches(brief):
                yield Selected(brief, at[brief.brief_id].cursor)
