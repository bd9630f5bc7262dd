"""The outbox: what the functions write is CloudEvents 1.0, and what a reader of the stream gets."""

import json
import threading
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from stepping import Flow

from config import keys
from config.settings import Settings
from worker.ledger.arrivals import Arrival
from worker.ledger.events import BriefFailed
from worker.ledger.ledger import Ledger
from worker.store.connection import connect
from worker.views import happenings, outbox

METADATA = {"order": 4711, "price": 1.0, "who": {"tags": [], "team": "Strick ✂"}}


def texts(client: "redis.Redis") -> list[str]:
    """The events as they were written."""
    entries: Any = client.xrange(keys.EVENTS())
    return [fields["event"] for _, fields in entries]


def test_every_event_of_a_brief_is_a_cloud_event_to_their_sdk(heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="a", batch="autumn", metadata=METADATA))
    # Building the SDK's event validates it: it raises on an attribute that breaks the standard.
    parsed = [JSONFormat().read(CloudEvent, text) for text in texts(heard.client)]
    assert [event.get_type() for event in parsed] == [
        "identity.brief.accepted",
        "identity.drafts.ready",
        "identity.promoted",
        "identity.preprocessing.completed",
        "identity.brief.done",
    ]
    for number, event in enumerate(parsed, 1):
        assert (event.get_id(), event.get_source()) == (f"a/{number}", "identity-worker/default")
        data: Any = event.get_data()
        assert (data["brief_id"], data["batch"], data["account"]) == ("a", "autumn", "default")
        assert data["metadata"] == METADATA
        time = event.get_time()
        assert time is not None
        # The server's clock, which is this machine's: the functions' calendar is right.
        assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)


def test_a_failed_briefs_event_is_a_cloud_event_with_its_faults(flow: Flow) -> None:
    flow.accept(brief_id="bad", priority=1000)
    (event,) = (JSONFormat().read(CloudEvent, text) for text in texts(flow.client))
    data: Any = event.get_data()
    assert event.get_type() == "identity.brief.failed"
    assert [fault["path"] for fault in data["faults"]] == ["priority"]


def test_our_model_reads_what_the_functions_write(flow: Flow) -> None:
    flow.accept(brief_id="a", metadata=METADATA)
    ((_, event),) = outbox.read(flow.client)
    (text,) = texts(flow.client)
    assert event.data == json.loads(text)["data"]
    assert (event.type, event.subject) == ("identity.brief.accepted", "brief:a")
    assert event.time.tzinfo is not None


def test_reading_goes_on_after_a_given_entry(flow: Flow) -> None:
    for brief_id in ("a", "b", "c"):
        flow.accept(brief_id=brief_id)
    first, *rest = outbox.read(flow.client)
    assert [entry.event.subject for entry in rest] == ["brief:b", "brief:c"]
    assert outbox.read(flow.client, first.id) == rest
    assert outbox.read(flow.client, count=1) == [first]
    assert happenings.last_id(flow.client) == rest[-1].id
    assert outbox.read(flow.client, rest[-1].id) == []


def test_an_empty_stream_has_nothing_to_read_and_begins_at_0(client: "redis.Redis") -> None:
    assert outbox.read(client) == []
    assert outbox.read(client, block_ms=1) == []
    assert happenings.last_id(client) == "0"


def test_a_blocked_reader_gets_an_event_as_it_comes(flow: Flow, redis_url: str) -> None:
    got: list[outbox.Entry] = []
    with connect(redis_url) as reader:
        thread = threading.Thread(target=lambda: got.extend(outbox.read(reader, block_ms=4_000)))
        thread.start()
        flow.accept(brief_id="a")
        thread.join(5)
    assert [entry.event.subject for entry in got] == ["brief:a"]


def test_an_extension_attribute_is_kept(client: "redis.Redis", flow: Flow) -> None:
    flow.accept(brief_id="a")
    extended = json.loads(texts(client)[0]) | {"traceparent": "00-1-2-01"}
    assert outbox.CloudEvent.model_validate(extended).model_dump()["traceparent"] == "00-1-2-01"


def accepted(ledger: Ledger, number: int, size: int) -> None:
    """Put a brief on record whose event has about so many bytes."""
    envelope = json.dumps({"brief_id": str(number), "metadata": "x" * size})[1:-1]
    ledger.accept(
        Arrival(str(number), "default", None, 0, {"envelope": envelope}, BriefFailed(), state="failed")
    )


@pytest.mark.parametrize("counted", ["from the first", "by a newer version", "and trimmed by others"])
def test_the_events_are_bounded_in_number_and_in_bytes(
    client: "redis.Redis", settings: Settings, counted: str
) -> None:
    small = copy(settings)
    vars(small).update(keep_events=50, keep_event_bytes=100_000)  # fewer bytes than one may set
    ledger = Ledger(client, small)
    for number in range(60):
        accepted(ledger, number, 10)
    assert client.xlen(keys.EVENTS()) == 50
    if counted == "by a newer version":
        client.delete(keys.EVENTS_SIZE())
    if counted == "and trimmed by others":
        client.xtrim(keys.EVENTS(), maxlen=20, approximate=False)
    for number in range(60, 100):
        accepted(ledger, number, 10_000)
    left = texts(client)
    assert len(left) >= 8
    assert sum(map(len, left)) <= 105_000
    assert json.loads(left[-1])["data"]["brief_id"] == "99"
