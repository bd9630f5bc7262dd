"""Selects briefs by a filter: walks the index of those on record in the order in which they were accepted.

The walk holds a page at a time. A cursor is a place in that order, not a count: what comes, moves on or
finishes meanwhile shifts nothing, so each brief that was there all the time is met once.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import redis

from config.times import monotonic
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


class Stretch(NamedTuple):
    """What was found in one go, and where to go on; None: all were gone through."""

    found: list[Selected]
    after: str | None


def within(wanted: Filter, accounts: Sequence[str]) -> Filter:
    """Return a filter of no more than these accounts, none for all; where none is left, it means nothing."""
    if not accounts:
        return wanted
    both = tuple(name for name in wanted.account or accounts if name in accounts)
    # No account is called so.
    return replace(wanted, account=both or ("",))


def stretch(client: "redis.Redis", wanted: Filter, seconds: float, *, back: bool = False) -> Stretch:
    """Return those that are meant, up to the limit, of as many as are gone through in so many seconds.

    For whoever must answer soon: of a hundred thousand briefs none may be meant but the last. `back`: the
    last accepted first.
    """
    return through(client, wanted, places(client, wanted, back=back), seconds=seconds)


def through(
    client: "redis.Redis",
    wanted: Filter,
    walk: Iterator[Place],
    *,
    seconds: float = math.inf,
    most: float = math.inf,
) -> Stretch:
    """Return those that are meant of the places of a walk, up to the limit: no more than can be gone through.

    That is in so many seconds, and so many places at the `most`, both to the page.
    """
    end, looked = monotonic() + seconds, 0
    found: list[Selected] = []
    # A walk of its own kind has other times than those at which its briefs were accepted.
    untimed = replace(wanted, older=None, newer=None)
    while page := list(islice(walk, PAGE)):
        looked += len(page)
        may_be = likely(client, untimed, page)
        while may_be:
            left = PAGE if wanted.limit is None else wanted.limit - len(found)
            some, may_be = may_be[:left], may_be[left:]
            at = {place.brief_id: place.cursor for place in some}
            briefs = snapshots.by_ids(client, list(at))
            found += [Selected(each, at[each.brief_id]) for each in briefs if wanted.matches(each)]
            if len(found) == wanted.limit:
                return Stretch(found, found[-1].cursor)
        if monotonic() > end or looked >= most:
            return Stretch(found, page[-1].cursor)
    return Stretch(found, None)


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
