"""Reads the events for downstream: the stream `identity:events` of CloudEvents 1.0 (JSON format).

The events are written by the ledger's functions, in the same call as the moves that they tell of.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple

import redis
from pydantic import BaseModel, ConfigDict

from config import keys

#: Entries that one call reads at most.
AT_ONCE = 500


class CloudEvent(BaseModel):
    """One event: the attributes of CloudEvents 1.0 that ours always have; extension attributes are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"]
    id: str
    """The brief's id and the number of the event among the brief's, from 1: `ID/N`; of a brief that was
    refused as its id is another's, `ID/conflict-N`; of an account, `account/NAME/N`."""
    source: str
    """`identity-worker/ACCOUNT`; with `id` it is the same for no two events."""
    type: str
    subject: str
    """The brief, promotion or account that it tells of: `brief:ID`, `promotion:ID#N`, `account:NAME`."""
    time: datetime
    datacontenttype: Literal["application/json"]
    data: dict[str, Any]
    """`brief_id`, `batch`, `account`, `metadata` of the brief, null without one, and what the type adds."""


class Entry(NamedTuple):
    """An event and its place in the stream: the `since` to go on from."""

    id: str
    event: CloudEvent


def read(
    client: "redis.Redis", since: str = "0", *, block_ms: int | None = None, count: int = AT_ONCE
) -> list[Entry]:
    """Return at most `count` events after the stream's entry `since`, oldest first.

    `since` is an entry's id, or `0` for the beginning. With `block_ms` (below the client's answer timeout) it
    waits that long for the first one. Raises redis.ResponseError when `since` is no such id.
    """
    found = texts(client, since, block_ms=block_ms, count=count)
    return [Entry(entry_id, CloudEvent.model_validate_json(text)) for entry_id, text in found]


def texts(
    client: "redis.Redis", since: str, *, block_ms: int | None = None, count: int = AT_ONCE
) -> list[tuple[str, str]]:
    """Return what `read` does, each as its entry's id and its text as it stands in the stream."""
    streams: Any = client.xread({keys.EVENTS(): since}, count=count, block=block_ms)
    return [(entry_id, fields["event"]) for _, found in streams for entry_id, fields in found]
