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

#: Places that are read at once.
PAGE = 500
#: Members of a set that is sorted here rather than a larger one gone through.
SMALL = 5_000


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


def places(client: "redis.Redis", wanted: Filter) -> Iterator[Place]:
    """Yield the places of all briefs that may be meant, and of some that are not, in their order."""
    after, until = _bounds(client, wanted)
    found = _from(client, wanted, after)
    return found if until is None else takewhile(lambda place: place.accepted_at <= until, found)


def _bounds(client: "redis.Redis", wanted: Filter) -> tuple[Place, int | None]:
    """Return the place after which those that are meant begin, and when the last of them was accepted.

    None: they go on to the end. The order is by time, so nothing outside of that time is gone through.
    """
    after = place_of(wanted.after) if wanted.after else Place(0, "")
    if wanted.newer is None and wanted.older is None:
        return after, None
    now = redis_ms(client.time())
    if wanted.newer is not None:
        after = max(after, Place(max(0, wanted.newer.at(now) + 1), ""), key=lambda place: place.order)
    return after, None if wanted.older is None else wanted.older.at(now)


def _from(client: "redis.Redis", wanted: Filter, after: Place) -> Iterator[Place]:
    states = wanted.states
    is_open = not any(BRIEF[state].final for state in states)
    if wanted.batch and "" not in wanted.batch and not (is_open and _mostly_ended(client, wanted)):
        walks = [walk(client, keys.BATCH(batch), after) for batch in wanted.batch]
        return walks[0] if len(walks) == 1 else heapq.merge(*walks, key=lambda place: place.order)
    still_open, finished, held, indexed = _sizes(client)
    if states == {"held"} and held <= SMALL:
        return _sorted(client, after, [keys.HELD_BRIEFS()])
    if is_open:
        return walk(client, keys.UNFINISHED(), after)
    if finished <= SMALL and all(BRIEF[state].final for state in states):
        return _sorted(client, after, [keys.FINISHED()])
    if indexed == still_open + finished:
        return walk(client, keys.BRIEFS(), after)
    # What older versions have put on record stands in the index once it was recounted.
    return _sorted(client, after, [keys.UNFINISHED(), keys.FINISHED()])


def _mostly_ended(client: "redis.Redis", wanted: Filter) -> bool:
    """Return whether fewer briefs are open in all than there are in these batches."""
    with client.pipeline(transaction=False) as pipe:
        for key in (keys.UNFINISHED(), *(keys.BATCH(batch) for batch in wanted.batch)):
            pipe.zcard(key)
        still_open, *batches = pipe.execute()
    return bool(still_open < sum(batches))


def _sizes(client: "redis.Redis") -> list[int]:
    with client.pipeline(transaction=True) as pipe:
        for key in (keys.UNFINISHED, keys.FINISHED, keys.HELD_BRIEFS, keys.BRIEFS):
            pipe.zcard(key())
        return pipe.execute()


def place_of(cursor: str) -> Place:
    """Return the place that a cursor names."""
    score, _, brief_id = cursor.partition(":")
    return Place(int(score), brief_id)


def walk(client: "redis.Redis", key: str, after: Place) -> Iterator[Place]:
    """Yield the members of a set by pages, from a place on."""
    while page := _page(client, key, after):
        yield from page
        after = page[-1]


def _page(client: "redis.Redis", key: str, after: Place) -> list[Place]:
    """Return the next members after a place; not by rank: ranks shift while others leave the set."""
    read = 0
    while True:
        found: Any = client.zrange(
            key, after.accepted_at, "+inf", byscore=True, offset=read, num=PAGE, withscores=True
        )
        page = [Place(int(score), member) for member, score in found]
        beyond = [place for place in page if place.order > after.order]
        # A page of members that are all of the same time, and before it: the next ones are.
        if beyond or len(page) < PAGE:
            return beyond
        read += PAGE


def _sorted(client: "redis.Redis", after: Place, sets: Sequence[str]) -> Iterator[Place]:
    """Yield the members of sets that are ordered otherwise, sorted here."""
    found: set[Place] = set()
    for key in sets:
        ids: Any = client.zrange(key, 0, -1)
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            with client.pipeline(transaction=False) as pipe:
                for brief_id in page:
                    pipe.hget(keys.RECORD(brief_subject(brief_id)), "accepted_at")
                accepted = pipe.execute()
            found |= {Place(int(at), each) for each, at in zip(page, accepted, strict=True) if at}
    yield from sorted((each for each in found if each.order > after.order), key=lambda place: place.order)
