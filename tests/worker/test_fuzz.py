"""What no table thinks of: the inlet, the envelopes, the stream and the webhooks under made-up input.

`make test` tries a few hundred of each; `make test-long` a hundred thousand.
"""

import json
import os
from itertools import pairwise
from typing import Any

import pytest
from httpx_sse import ServerSentEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire import decode, reference

from actors.broker.envelopes import EnvelopeError, read_envelope
from config.accounts.account import Account
from config.accounts.names import DEFAULT
from config.settings import Settings
from worker.briefs.faults import MAX_FAULTS, MAX_SHOWN, BriefError
from worker.ledger.arrivals import Outcome
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.piktid.notifications import Notification, read_event, read_frame

#: Inputs for each parser, half for each of two tests; those that go through Redis are a fiftieth.
INPUTS = int(os.environ.get("IDENTITY_WORKER_TEST_STEPS", "200"))
#: Seconds for each test: an input takes up to 14 ms, mostly to be made up, and far more on a busy machine.
pytestmark = pytest.mark.timeout(120 + INPUTS // 10)
FUZZ = settings(
    max_examples=INPUTS,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HALF = settings(FUZZ, max_examples=INPUTS // 2)
RECORDED = settings(FUZZ, max_examples=max(30, INPUTS // 50))

TEXT = st.text(st.characters(), max_size=20)  # lone surrogates too
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)
FIELDS = (
    "brief_id", "account", "batch", "priority", "choose", "metadata", "reference_image", "on_name_taken",
    "name", "instructions", "options", "appearance", "face", "hair", "prompt", "input_assets",
    "num_variations",
)  # fmt: skip
NAMED = st.dictionaries(st.sampled_from(FIELDS) | TEXT, JSON, max_size=6)
INSTRUCTIONS = st.lists(NAMED | st.fixed_dictionaries({"prompt": st.just("A face.")}), max_size=6)
BRIEFS = st.builds(lambda some, listed: {**some, "instructions": listed}, NAMED, INSTRUCTIONS) | NAMED | JSON
RAW = st.binary(max_size=200) | TEXT | BRIEFS.map(json.dumps) | BRIEFS

ACCOUNTS = {DEFAULT: Account(name=DEFAULT, token="unused")}
SETTINGS = Settings()


@FUZZ
@given(RAW)
def test_a_brief_is_accepted_or_refused_with_reasons_fit_to_be_shown(raw: Any) -> None:
    try:
        brief = acceptance.check(raw, ACCOUNTS, SETTINGS)
    except BriefError as bad:
        faults = bad.faults
    else:
        assert json.dumps(brief.body(), ensure_ascii=False).encode()
        return
    assert 1 <= len(faults) <= MAX_FAULTS
    for fault in faults:
        assert fault.rule
        assert fault.path.isprintable()
        assert not isinstance(fault.value, str) or fault.value.isprintable()
        assert len(str(fault.value)) <= MAX_SHOWN + 1


@RECORDED
@given(RAW)
def test_whatever_comes_is_one_record_waiting_or_failed(ledger: Ledger, raw: Any) -> None:
    text: Any = raw.decode("latin-1") if isinstance(raw, bytes) else raw
    ledger.client.flushall()
    taken = acceptance.accept(ledger, ACCOUNTS, SETTINGS, acceptance.Message(text, "m"))
    assert taken.arrived.outcome is Outcome.ACCEPTED
    found = ledger.read(f"brief:{taken.brief_id}")
    assert found is not None
    assert found.state == "failed" if taken.faults else found.state in ("waiting", "preparing")
    (entry,) = [fields for _, fields in ledger.client.xrange("identity:events")]  # type: ignore[misc,union-attr]
    assert json.loads(entry["event"])["data"]["brief_id"] == taken.brief_id


ENVELOPE = st.dictionaries(
    st.sampled_from(
        ["queue_name", "actor_name", "args", "kwargs", "options", "message_id", "message_timestamp"]
    ),
    JSON | st.just("accept_brief") | st.just([]) | st.just({}),
)


@FUZZ
@given(st.binary(max_size=200) | (ENVELOPE | JSON).map(lambda value: json.dumps(value).encode()))
def test_an_envelope_can_be_run_or_is_refused_with_its_reason(data: bytes) -> None:
    try:
        message = read_envelope("briefs", "id", data)
    except EnvelopeError as bad:
        said = str(bad)
    else:
        assert (message.queue_name, message.options) == ("briefs", {"redis_message_id": "id"})
        assert message.actor_name.isidentifier()
        return
    assert 0 < len(said) < 250
    assert said.isprintable()


LINES = st.sampled_from(
    [b"data: a", b"data:", b"data", b"data:  b", b"event: e", b"event", b"id: 1", b"retry: 5", b": c", b":",
     b"x: y", b"", b"", b"\xef\xbb\xbf", b"\xff", "data: é".encode()]
) | st.binary(max_size=12)  # fmt: skip
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])
STREAMS = st.lists(st.tuples(LINES, ENDS).map(b"".join), max_size=12).map(b"".join)


@HALF
@given(STREAMS, st.lists(st.integers(0, 200), max_size=6))
def test_a_stream_means_what_the_standard_says_however_cut(stream: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[begin:end] for begin, end in pairwise(places)]
    assert decode(*pieces) == reference(stream)


@HALF
@given(st.lists(STREAMS | st.none(), max_size=6), st.integers(1, 50))
def test_every_notification_in_a_noisy_stream_is_delivered(noise: list[bytes | None], size: int) -> None:
    stream, sent = b"data: first\n\n", []
    for number, part in enumerate(noise):
        if part is not None:
            # A blank line ends whatever the noise has begun.
            stream += part + b"\n\n"
        sent.append(str(number))
        stream += (
            b"data: "
            + json.dumps({"id": number, "name": "n", "data": {"job_id": "j"}}).encode()
            + b"\r\n\r\n"
        )
    pieces = [stream[place : place + size] for place in range(0, len(stream), size)]
    heard = [read_frame(ServerSentEvent(kind, data)) for kind, data in decode(*pieces)]
    assert [each.id for each in heard if each is not None] == sent


EVENTS = st.fixed_dictionaries(
    {},
    optional={"id": JSON, "name": JSON, "timestamp": JSON, "data": JSON | st.dictionaries(
        st.sampled_from(["id_task", "job_id", "identity_code"]), JSON)},
)  # fmt: skip


@HALF
@given(st.binary(max_size=100) | (EVENTS | JSON).map(lambda value: json.dumps(value).encode()))
def test_a_webhooks_body_is_a_notification_fit_for_redis_or_nothing(body: bytes) -> None:
    from web.webhooks import _decoded

    found = _decoded(body)
    if found is not None:
        _fits(found)


@HALF
@given(EVENTS | JSON)
def test_an_event_with_an_id_is_never_dropped(event: Any) -> None:
    found = read_event(event)
    id_ = event.get("id") if isinstance(event, dict) else None
    named = isinstance(id_, int | str) and not isinstance(id_, bool) and id_ != ""
    assert (found is not None) == named
    if found is not None:
        _fits(found)


def _fits(found: Notification) -> None:
    for text in (found.id, found.name, found.job or "", found.code or ""):
        assert len(text.encode()) <= 800
    assert found.sent_at is None or abs(round(found.sent_at * 1000)) < 2**63
