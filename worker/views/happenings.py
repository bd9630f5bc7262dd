"""What has happened since a place in the event stream: of which briefs, and no more is read of the events."""

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
