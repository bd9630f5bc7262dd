"""The places of briefs in the order in which they were accepted, read from the smallest set that has all.

A set's members are ordered by time accepted, those of the same time by their bytes: a place is both.
"""

import heapq
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import redis

from config import keys
from config.times import redis_ms
from worker.ledger.records import brief_subject
from worker.ledger.states import BRIEF
from worker.selection.filter import Filter
from worker.store.connection import encoded
from worker.views.counts import counts

#: Places that are read at once.
PAGE = 500
#: Members of a set that is sorted here rather than a larger one gone through.
SMALL = 5_000
#: Batches whose sets are looked at in place of the index of all.
FEW = 50


class Place(NamedTuple):
    """Where a brief stands in the order of all."""

    accepted_at: int
    brief_id: str

    @property
    def cursor(self) -> str:
        """The place as a text, to go on after it."""
        return f"{self.accepted_at}:{self.brief_id}"

    @property
    def order(self) -> tuple[int, bytes]:
        """What Redis orders by."""
        return self.accepted_at, encoded(self.brief_id)


#: Before and after every place: no cursor has a time of more digits.
_FIRST, _LAST = Place(0, ""), Place(10**15, "")


class _Start(NamedTuple):
    """Where a walk starts: it meets those after that place, or where it goes `back` those before it."""

    at: Place
    back: bool = False

    def meets(self, place: Place) -> bool:
        """Return whether a place is on the way."""
        return place.order < self.at.order if self.back else place.order > self.at.order


def places(client: "redis.Redis", wanted: Filter, *, back: bool = False) -> Iterator[Place]:
    """Yield the places of all briefs that may be meant, and of some that are not, in their order.

    Or `back`: the last one first. A cursor is then that of a brief before which to go on.
    """
    start, end = _bounds(client, wanted, back=back)
    found = _from(client, wanted, start)
    if end is None:
        return found
    return takewhile(lambda place: place.accepted_at >= end if back else place.accepted_at <= end, found)


def _bounds(client: "redis.Redis", wanted: Filter, *, back: bool) -> tuple[_Start, int | None]:
    """Return where a walk starts, and when the last one was accepted that it meets of those that are meant.

    None: it goes on to the end. The order is by time, so nothing outside of that time is gone through.
    """
    at = place_of(wanted.after) if wanted.after else _LAST if back else _FIRST
    if wanted.newer is None and wanted.older is None:
        return _Start(at, back), None
    now = redis_ms(client.time())
    oldest = None if wanted.newer is None else max(0, wanted.newer.at(now) + 1)
    newest = None if wanted.older is None else wanted.older.at(now)
    if back:
        bound = _LAST if newest is None else Place(newest + 1, "")
        return _Start(min(at, bound, key=_order), back), oldest
    bound = _FIRST if oldest is None else Place(oldest, "")
    return _Start(max(at, bound, key=_order), back), newest


def _order(place: Place) -> tuple[int, bytes]:
    return place.order


def _from(client: "redis.Redis", wanted: Filter, start: _Start) -> Iterator[Place]:
    states = wanted.states
    is_open = not any(BRIEF[state].final for state in states)
    batches = _batches(client, wanted)
    if batches == []:
        return iter(())
    if wanted.batch and "" not in wanted.batch and not (is_open and _mostly_ended(client, wanted)):
        walks = [_walk(client, keys.BATCH(batch), start) for batch in wanted.batch]
        return walks[0] if len(walks) == 1 else heapq.merge(*walks, key=_order, reverse=start.back)
    lists = (keys.UNFINISHED(), keys.FINISHED(), keys.HELD_BRIEFS(), keys.BRIEFS())
    still_open, finished, held, indexed = _members(client, lists)
    if states == {"held"} and held <= SMALL:
        return _sorted(client, start, [keys.HELD_BRIEFS()])
    if is_open:
        return _walk(client, keys.UNFINISHED(), start)
    if finished <= SMALL and all(BRIEF[state].final for state in states):
        return _sorted(client, start, [keys.FINISHED()])
    if batches and (few := _few(client, wanted, batches)) is not None:
        return iter(sorted(filter(start.meets, few), key=_order, reverse=start.back))
    if indexed == still_open + finished:
        return _walk(client, keys.BRIEFS(), start)
    # What older versions have put on record stands in the index once it was recounted.
    return _sorted(client, start, [keys.UNFINISHED(), keys.FINISHED()])


def _batches(client: "redis.Redis", wanted: Filter) -> list[str] | None:
    """Return the batches in which all stand that may be meant, as the ledger counts them; `""` is none.

    None: the counts do not tell. What gets into a state, or into a batch, after this was asked is not meant.
    """
    if not (wanted.state or wanted.account or wanted.batch):
        return None
    found = counts(client)
    if not found.are_whole:
        return None
    return sorted({where.batch for where, number in found.of.items() if number and wanted.counts(where)})


def _few(client: "redis.Redis", wanted: Filter, batches: Sequence[str]) -> list[Place] | None:
    """Return the places of these batches' briefs, None where they are many, or where that is not known.

    They are read at once and not by pages: a brief that is given another batch meanwhile would be missed.
    """
    if "" in batches or len(batches) > FEW:
        return None
    if sum(_members(client, [keys.BATCH(batch) for batch in batches])) > SMALL:
        return None
    with client.pipeline(transaction=True) as pipe:
        for batch in batches:
            pipe.zrange(keys.BATCH(batch), 0, -1, withscores=True)
        read = pipe.execute()
    if _batches(client, wanted) != batches:
        return None
    return [Place(int(score), member) for found in read for member, score in found]


def _mostly_ended(client: "redis.Redis", wanted: Filter) -> bool:
    """Return whether fewer briefs are open in all than there are in these batches."""
    still_open, *batches = _members(
        client, [keys.UNFINISHED(), *(keys.BATCH(batch) for batch in wanted.batch)]
    )
    return still_open < sum(batches)


def _members(client: "redis.Redis", sets: Sequence[str]) -> list[int]:
    """Return how many members sets have, at one time."""
    with client.pipeline(transaction=True) as pipe:
        for key in sets:
            pipe.zcard(key)
        return pipe.execute()


def place_of(cursor: str) -> Place:
    """Return the place that a cursor names."""
    score, _, brief_id = cursor.partition(":")
    return Place(int(score), brief_id)


def walk(client: "redis.Redis", key: str, after: Place) -> Iterator[Place]:
    """Yield the members of a set by pages, from a place on."""
    return _walk(client, key, _Start(after))


def _walk(client: "redis.Redis", key: str, start: _Start) -> Iterator[Place]:
    while page := _page(client, key, start):
        yield from page
        start = start._replace(at=page[-1])


def _page(client: "redis.Redis", key: str, start: _Start) -> list[Place]:
    """Return the next members after a place; not by rank: ranks shift while others leave the set."""
    read, end = 0, "-inf" if start.back else "+inf"
    while True:
        found: Any = client.zrange(
            key,
            start.at.accepted_at,
            end,
            desc=start.back,
            byscore=True,
            offset=read,
            num=PAGE,
            withscores=True,
        )
        page = [Place(int(score), member) for member, score in found]
        beyond = [place for place in page if start.meets(place)]
        # A page of members that are all of the same time, and before it: the next ones are.
        if beyond or len(page) < PAGE:
            return beyond
        read += PAGE


def _sorted(client: "redis.Redis", start: _Start, sets: Sequence[str]) -> Iterator[Place]:
    """Yield the members of sets that are ordered otherwise, sorted here."""
    found: set[Place] = set()
    for key in sets:
        ids: Any = client.zrange(key, 0, -1)
        for read in range(0, len(ids), PAGE):
            page = ids[read : read + PAGE]
            with client.pipeline(transaction=False) as pipe:
                for brief_id in page:
                    pipe.hget(keys.RECORD(brief_subject(brief_id)), "accepted_at")
                accepted = pipe.execute()
            found |= {Place(int(at), each) for each, at in zip(page, accepted, strict=True) if at}
    yield from sorted(filter(start.meets, found), key=_order, reverse=start.back)
