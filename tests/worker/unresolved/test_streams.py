"""Since when an account's event stream is unbroken: what is on record of it, and what breaks it."""

from typing import cast

import pytest
import redis
from own_account import Api
from processes import ProcessFactory
from stepping import Flow, listening
from support import DEADLINE, eventually

from config import durations, keys
from config.settings import Settings
from worker.ledger import leases
from worker.store.functions import Functions
from worker.unresolved.streams import Stream, read_stream

pytestmark = pytest.mark.channel

ACCOUNT = "default"
STREAMS = "/notifications/events"
START = 1_000_000_000
#: Milliseconds that a replay is trusted to reach back, at the speed of the tests.
SPAN = round(durations.REPLAY_SPAN_SECONDS * 1000 / 200)


class Record:
    """The record of one account's stream, written at times that the test chooses."""

    def __init__(self, functions: Functions, client: "redis.Redis") -> None:
        self.functions, self._client = functions, client
        client.set(keys.LEASE(ACCOUNT), "me", px=60_000)

    def note(self, at: int, what: str, listener: str = "me") -> Stream:
        """Let the stream do something `at` ms after the start; return what is then on record."""
        if what == "heard":
            self.functions.run(leases.keep([ACCOUNT], listener, heard={ACCOUNT: 0}), START + at)
        else:
            why = "why" if what in ("unread", "ended") else None
            self.functions.run(
                leases.followed(ACCOUNT, listener, cast(leases.StreamStep, what), why), START + at
            )
        return read_stream(self._client, ACCOUNT)


@pytest.fixture
def record(functions: Functions, client: "redis.Redis") -> Record:
    """The record of a stream that was never followed."""
    return Record(functions, client)


def test_a_replay_begins_a_stretch_as_far_back_as_it_reaches(record: Record) -> None:
    assert record.note(0, "opened") == Stream(listener="me", connected_at=START)
    replayed = record.note(5, "replayed")
    assert replayed.unbroken_since == replayed.replayed_since == START + 5 - SPAN
    assert replayed.heard_at == replayed.replayed_at == START + 5


def test_a_sign_of_life_moves_the_end_not_the_beginning(record: Record) -> None:
    before = record.note(0, "replayed")
    after = record.note(10 * SPAN, "heard")
    assert (after.unbroken_since, after.heard_at) == (before.unbroken_since, START + 10 * SPAN)
    assert (after.replayed_since, after.replayed_at) == (before.replayed_since, START)


@pytest.mark.parametrize(("away", "kept"), [(SPAN, True), (SPAN + 1, False)])
def test_an_absence_a_replay_covers_breaks_nothing_a_longer_one_does(
    record: Record, away: int, kept: bool
) -> None:
    before = record.note(0, "replayed")
    record.note(0, "ended")
    after = record.note(away, "replayed")
    since = before.unbroken_since if kept else START + away - SPAN
    assert (after.unbroken_since, after.replayed_since) == (since, since)


def test_what_came_live_bridges_two_replays_but_is_no_replay(record: Record) -> None:
    before = record.note(0, "replayed")
    record.note(10 * SPAN, "heard")
    after = record.note(11 * SPAN, "replayed")
    assert after.unbroken_since == before.unbroken_since
    assert after.replayed_since == START + 10 * SPAN


def test_an_event_that_may_be_of_any_job_begins_a_new_stretch(record: Record) -> None:
    record.note(0, "replayed")
    after = record.note(7, "unread")
    assert (after.unbroken_since, after.replayed_since, after.why) == (START + 7, START + 7, "why")


def test_only_who_has_the_lease_writes_the_record(record: Record) -> None:
    before = record.note(0, "replayed")
    for what in ("opened", "replayed", "heard", "unread", "ended"):
        assert record.note(1, what, listener="one that was frozen") == before


# --- by the listener ---------------------------------------------------------------------------------------


def test_the_listener_says_who_it_is_and_why_it_ended(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        first = eventually(flow.client, lambda: replayed(flow.client))
        assert first.listener == flow.client.get(keys.LEASE(ACCOUNT))
        assert first.connected_at is not None
        assert first.why is None
        flow.api.fault("cut")
        assert eventually(flow.client, lambda: read_stream(flow.client, ACCOUNT).ended_at)
        assert "closed" in (read_stream(flow.client, ACCOUNT).why or "")
        assert eventually(flow.client, lambda: replayed(flow.client, after=first.connected_at))


def replayed(client: "redis.Redis", after: int | None = 0) -> Stream | None:
    """The record once a connection that was opened after that time is in step."""
    found = read_stream(client, ACCOUNT)
    in_step = found.replayed_at is not None and (found.connected_at or 0) > (after or 0)
    return found if in_step and found.replayed_at >= (found.connected_at or 0) else None


def test_comments_alone_are_signs_of_life(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        first = eventually(flow.client, lambda: replayed(flow.client))
        assert eventually(
            flow.client, lambda: (read_stream(flow.client, ACCOUNT).heard_at or 0) > (first.heard_at or 0)
        )
        assert read_stream(flow.client, ACCOUNT).replayed_at == first.replayed_at


@pytest.mark.parametrize("event", ["{", '{"id": 7, "name": "completed", "data": {}}'])
def test_what_says_nothing_of_its_job_breaks_it_and_says_why(flow: Flow, redis_url: str, event: str) -> None:
    body = f"data: {event}\n\nevent: backfill_complete\ndata: {{}}\n\n"
    flow.api.refuse(STREAMS, 200, body, headers={"Content-Type": "text/event-stream"})
    began = flow.ledger.now()
    with listening(flow.settings, flow.api, redis_url):
        found = eventually(flow.client, lambda: replayed(flow.client))
    assert (found.unbroken_since or 0) >= began
    assert (found.replayed_since or 0) >= began


def test_before_the_kept_events_have_come_nothing_is_proven(
    api: Api, settings: Settings, client: "redis.Redis", redis_url: str
) -> None:
    api.refuse(STREAMS, 200, ":keepalive\n\n", headers={"Content-Type": "text/event-stream"}, count=1_000)
    with listening(settings, api, redis_url):
        assert eventually(client, lambda: read_stream(client, ACCOUNT).ended_at)
        assert read_stream(client, ACCOUNT).heard_at is None
        api.sandbox.clear_faults()
        assert eventually(client, lambda: replayed(client))


def test_a_killed_listeners_stretch_goes_on_with_the_next_one(
    client: "redis.Redis", listener_process: ProcessFactory
) -> None:
    slowly = {"IDENTITY_WORKER_SPEED": "10"}
    listener = listener_process(**slowly)
    first = eventually(client, lambda: replayed(client))
    listener.kill()
    listener_process(**slowly)
    again = eventually(client, lambda: replayed(client, after=first.connected_at), DEADLINE)
    assert again.listener != first.listener
    assert again.unbroken_since == first.unbroken_since
