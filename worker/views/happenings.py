"""Which briefs the events after a place in the stream are about; nothing else of the events is read."""

import json
from typing import Any

import redis

from config import keys

#: Events that are read at once.
AT_ONCE = 500


def last_id(client: "redis.Redis") -> str:
    """Return the id of the newest entry, `0` when there is none: where to go on from for what is new."""
    entries: Any = client.xrevrange(keys.EVENTS(), count=1)
    return str(entries[0][0]) if entries else "0"


def changed(client: "redis.Redis", since: str, block_ms: int) -> tuple[set[str], str]:
    """Wait for events after the entry `since`; return the briefs that they tell of, and the last entry.

    It waits `block_ms`, which is below the client's answer timeout, at the most.
    """
    streams: Any = client.xread({keys.EVENTS(): since}, count=AT_ONCE, block=block_ms)
    entries = [entry for _, found in streams for entry in found]
    found = (json.loads(fields["event"])["data"]["brief_id"] for _, fields in entries)
    told = {str(each) for each in found if each is not None}  # some are of an account alone
    return told, str(entries[-1][0]) if entries else since


def of_brief(
    client: "redis.Redis", brief_id: str, since_ms: int, until_ms: int, most: int
) -> tuple[list[dict[str, Any]], bool]:
    """Return the events of a brief between two times, and whether all were gone through.

    `most` events are gone through, of whatever briefs; `client` is that of the brief's shard.
    """
    found: list[dict[str, Any]] = []
    start, last, read = str(since_ms), f"{until_ms}", 0
    while read < most:
        entries: Any = client.xrange(keys.EVENTS(), start, last, count=AT_ONCE)
        told = (json.loads(fields["event"]) for _, fields in entries if brief_id in fields["event"])
        found += [event for event in told if event["data"]["brief_id"] == brief_id]
        if len(entries) < AT_ONCE:
            return found, True
        read, start = read + len(entries), f"({entries[-1][0]}"
    return found, False
