"""How far the archive at each place is: what archivers have yet to look at, and what they could not get.

What is known of each brief stands on its record; a look through all of them counts it, so that nobody else
has to read them for the few numbers that `status` tells.
"""

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import redis

from config import durations, keys
from worker.places.names import digest

#: How the names of the archivers' groups begin, of which each place has one; older versions had this alone.
GROUPS = "archive"
#: The place's numbers are kept for so long after the last look: longer than one is forsaken.
_KEPT_MS = 8 * 86_400_000


class Stand(NamedTuple):
    """What the last look through all records has found. Times are ms by Redis' clock."""

    place: str
    at: int
    """When it ended."""
    listed_at: int
    """When the place itself was listed last; 0: never."""
    lacking: int
    """Briefs of which something could not be had."""
    gone: int
    """Pictures that can't be had any more."""


class Waiting(NamedTuple):
    """What the archivers of a place have yet to do."""

    stand: Stand | None
    """None: nobody has looked through all records, or not for a week."""
    events: int | None
    """Events that are to be looked at; None: the server does not know, as some were trimmed."""
    in_hand: int
    """Those of them that an archiver has in hand."""
    alive: int
    """Archivers that run."""


def group_of(place: str) -> str:
    """Return the name of the group of those who archive at a place."""
    return f"{GROUPS}:{digest(place)}"


def read(client: "redis.Redis", place: str) -> Stand | None:
    """Return what the last look at a place has found; None: nobody has looked."""
    found: Any = client.get(keys.ARCHIVE_STAND(digest(place)))
    return None if found is None else Stand(**json.loads(found))


def write(client: "redis.Redis", stand: Stand) -> None:
    """Put on record what a look has found; the last one counts."""
    key = keys.ARCHIVE_STAND(digest(stand.place))
    client.set(key, json.dumps(stand._asdict(), ensure_ascii=False), px=_KEPT_MS)


def waiting(client: "redis.Redis") -> list[Waiting]:
    """Return how far each place's archive is; nothing where the server does not let us ask."""
    try:
        groups: Any = client.xinfo_groups(keys.EVENTS())
    except redis.ResponseError:
        return []  # there are no events yet, or the user may not ask
    return [found for each in groups if (found := _waiting(client, each)) is not None]


def together(shards: Sequence[Sequence[Waiting]]) -> Sequence[Waiting]:
    """Return how far the archive at each place is in all shards, each of which has archivers of its own."""
    if len(shards) == 1:
        return shards[0]
    found: dict[str | None, Waiting] = {}
    for each in chain.from_iterable(shards):
        place = None if each.stand is None else each.stand.place
        found[place] = _both(found[place], each) if place in found else each
    return list(found.values())


def _both(one: Waiting, other: Waiting) -> Waiting:
    stand = one.stand
    if stand is not None and other.stand is not None:
        stand = Stand(
            stand.place,
            min(stand.at, other.stand.at),
            min(stand.listed_at, other.stand.listed_at),
            stand.lacking + other.stand.lacking,
            stand.gone + other.stand.gone,
        )
    events = None if one.events is None or other.events is None else one.events + other.events
    return Waiting(stand, events, one.in_hand + other.in_hand, one.alive + other.alive)


def _waiting(client: "redis.Redis", group: dict[str, Any]) -> Waiting | None:
    kind, _, place = group["name"].partition(":")
    if kind != GROUPS or not place:
        return None
    consumers: Any = client.xinfo_consumers(keys.EVENTS(), group["name"])
    alive = sum(each["idle"] < durations.SILENCE_TOLD_MS for each in consumers)
    found: Any = client.get(keys.ARCHIVE_STAND(place))
    stand = None if found is None else Stand(**json.loads(found))
    lag, in_hand = group.get("lag"), group["pending"]
    return Waiting(stand, None if lag is None else lag + in_hand, in_hand, alive)


def found(client: "redis.Redis", place: str, briefs: int) -> None:
    """Note that so many of the briefs that the last look had to leave were archived since."""
    stand = read(client, place)
    if stand is not None:
        write(client, stand._replace(lacking=max(0, stand.lacking - briefs)))
