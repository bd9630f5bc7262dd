"""The events of moves: numbered in order, read by every parser, with dates and metadata as they came in."""

from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from moved_records import DRAFT, accept, generating, preprocessing
from support import event_types, events, stored

from config import keys
from worker.ledger import commands
from worker.ledger.arrivals import Arrival
from worker.ledger.events import (
    BriefFailed,
    BriefHeld,
    PreprocessingCompleted,
)
from worker.ledger.ledger import Ledger
from worker.ledger.records import inside
from worker.ledger.transition import Transition
from worker.store.functions import Functions
from worker.views.outbox import read as read_events

ACCOUNT = "default"


def test_events_are_numbered_in_their_order_and_carry_the_briefs_own_data(
    client: "redis.Redis", ledger: Ledger
) -> None:
    accept(ledger, batch="autumn", metadata={"order": 7})
    ledger.apply(stored(ledger), Transition("submitting", event=BriefHeld(question="why?")))
    first, second = events(client)
    assert first == {
        "specversion": "1.0",
        "id": "b/1",
        "source": "identity-worker/default",
        "type": "identity.brief.accepted",
        "subject": "brief:b",
        "time": first["time"],
        "datacontenttype": "application/json",
        "data": {
            "brief_id": "b", "batch": "autumn", "account": ACCOUNT, "metadata": {"order": 7},
            "instructions": 1, "variations": 1, "notes": [],
        },
    }  # fmt: skip
    assert (second["id"], second["type"]) == ("b/2", "identity.brief.held")
    assert second["data"]["question"] == "why?"


def test_the_cloudevents_sdk_and_our_own_reader_parse_every_event(
    client: "redis.Redis", ledger: Ledger
) -> None:
    generating(ledger)
    subjects = preprocessing(ledger)
    ledger.apply(
        stored(ledger, subjects[0]),
        Transition("ready", event=PreprocessingCompleted(**DRAFT)),
    )
    entries: Any = client.xrange(keys.EVENTS())
    texts = [fields["event"] for _, fields in entries]
    parsed = [JSONFormat().read(CloudEvent, text) for text in texts]
    assert [event.get_type() for event in parsed] == event_types(client)
    assert [event.get_subject() for event in parsed] == ["brief:b", "promotion:b#0", "brief:b"]
    ours = [entry.event for entry in read_events(client)]
    assert [event.data for event in ours] == [event.get_data() for event in parsed]
    assert [event.time for event in ours] == [event.get_time() for event in parsed]


@pytest.mark.parametrize(
    "moment",
    [
        "1970-01-01T00:00:00.000",
        "2000-02-29T23:59:59.999",
        "2024-12-31T12:00:00.001",
        "2100-03-01T00:00:00.000",
    ],
)
def test_the_functions_write_dates_as_the_calendar_has_them(
    client: "redis.Redis", functions: Functions, moment: str
) -> None:
    ms = round(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1000)
    fields = {"envelope": inside({"brief_id": "b", "batch": None, "account": ACCOUNT, "metadata": {}})}
    failed = Arrival("b", ACCOUNT, None, 0, fields, BriefFailed(), state="failed")
    functions.run(commands.accept(failed), ms)
    assert events(client)[0]["time"] == moment + "Z"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@hypothesis_settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(metadata=st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_metadata_comes_out_as_it_came_in(
    client: "redis.Redis", ledger: Ledger, metadata: dict[str, Any]
) -> None:
    client.flushall()
    accept(ledger, metadata=metadata)
    (event,) = events(client)
    assert event["data"]["metadata"] == metadata


def test_metadata_that_lua_would_spoil_comes_out_as_it_came(client: "redis.Redis", ledger: Ledger) -> None:
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    metadata = {
        "empty": [],
        "none": {},
        "big": 2**63 + 1,
        "float": 0.1,
        "text": 'é\u2028\U0001f600"\\%s',
        "deep": deep,
    }
    accept(ledger, metadata=metadata)
    (event,) = events(client)
    assert event["data"]["metadata"] == metadata
