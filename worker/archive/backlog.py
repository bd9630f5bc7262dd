"""The events that archivers share: each is handed to one of them, and stays with it until it is crossed off.

Each place has a consumer group of the event stream, so that two places get all events each. What a dead
archiver had in hand is handed to another after two minutes, and so is what one could not archive.
"""

import json
from typing import Any, NamedTuple

import redis

from config import durations, keys
from config.times import redis_ms
from worker.archive.stands import GROUPS, group_of
from worker.ledger.events import DraftsReady, PreprocessingCompleted

#: Events that are handed out at once.
AT_ONCE = 8
#: The events after which a brief has pictures that it had not before.
_OF_PICTURES = {DraftsReady.type, PreprocessingCompleted.type}


class Handed(NamedTuple):
    """An event that was handed to this archiver."""

    entry: str
    """The entry's id in the stream: when it was written, in ms, and a number."""
    brief_id: str | None
    """The brief that it gives pictures; None: it gives none."""


class Backlog:
    """The events as one archiver is handed them; every method raises redis.RedisError."""

    def __init__(self, client: "redis.Redis", place: str, archiver: str) -> None:
        self._client = client
        self._group = group_of(place)
        self._archiver = archiver
        self._claimed_up_to = "0-0"

    def open(self) -> bool:
        """Make the group, for the events from now on; return False where it exists already."""
        try:
            self._client.xgroup_create(keys.EVENTS(), self._group, id="$", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
            return False
        # At once, so that nobody takes the group for forsaken before it was read.
        self._client.xgroup_createconsumer(keys.EVENTS(), self._group, self._archiver)
        self._remove_forsaken()
        return True

    def next(self, block_ms: int | None) -> list[Handed]:
        """Return events that others have left, else new ones; waits so long for these, None: not at all."""
        left: Any = self._client.xautoclaim(
            keys.EVENTS(),
            self._group,
            self._archiver,
            durations.ARCHIVE_AGAIN_MS,
            self._claimed_up_to,
            count=AT_ONCE,
        )
        self._claimed_up_to = left[0]
        if left[1]:
            return [_handed(*entry) for entry in left[1]]
        streams: Any = self._client.xreadgroup(
            self._group, self._archiver, {keys.EVENTS(): ">"}, count=AT_ONCE, block=block_ms
        )
        return [_handed(*entry) for _, entries in streams or [] for entry in entries]

    def cross_off(self, entries: list[str]) -> None:
        """Note that events have had their effect."""
        if entries:
            self._client.xack(keys.EVENTS(), self._group, *entries)

    def leave(self) -> None:
        """Forget this archiver, and those long dead, that have nothing in hand."""
        consumers: Any = self._client.xinfo_consumers(keys.EVENTS(), self._group)
        for each in consumers:
            is_over = each["name"] == self._archiver or each["idle"] > durations.ARCHIVE_LOOK_MS
            if is_over and not each["pending"]:
                self._client.xgroup_delconsumer(keys.EVENTS(), self._group, each["name"])

    def _remove_forsaken(self) -> None:
        """Remove the groups of places at which nobody has archived for a day.

        Should one be used again, a look finds what it was not told of.
        """
        oldest = redis_ms(self._client.time()) - durations.ARCHIVE_CHECK_MS
        groups: Any = self._client.xinfo_groups(keys.EVENTS())
        for each in groups:
            name, told = each["name"], int(each["last-delivered-id"].partition("-")[0])
            if name.partition(":")[0] == GROUPS and name != self._group and told < oldest:
                consumers: Any = self._client.xinfo_consumers(keys.EVENTS(), name)
                if all(one["idle"] > durations.ARCHIVE_CHECK_MS for one in consumers):
                    self._client.xgroup_destroy(keys.EVENTS(), name)


def is_lost(error: redis.RedisError) -> bool:
    """Return whether the group is there no more, as the stream was deleted."""
    return "NOGROUP" in str(error) or "UNBLOCKED" in str(error)


def _handed(entry: str, fields: dict[str, str]) -> Handed:
    told = json.loads(fields["event"])
    return Handed(entry, told["data"]["brief_id"] if told["type"] in _OF_PICTURES else None)
