"""Faults of events: lost, doubled, late, too early or cut on their way through the stream."""

import time

import pytest
import requests
from sandbox_api import RED, Api, task_of

BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def test_an_early_event_comes_before_the_posts_own_answer(api: Api) -> None:
    api.set(drafts_median_seconds=3600)
    api.fault(kind="early", path="/identity/create", seconds=0.3)
    with api.stream() as stream:
        stream.backfill()
        sent = time.time()
        job_id = api.create().json()["job_id"]
        answered = time.time()
        event = stream.live()
    assert task_of(event) == job_id
    assert sent <= event["timestamp"] < answered - 0.2


def test_an_open_stream_can_be_cut(api: Api) -> None:
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="cut")
        with pytest.raises(BROKEN):
            stream.live()


def test_a_stream_can_be_cut_in_the_middle_of_a_frame(api: Api) -> None:
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="cut", event="completed", halfway=True)
        api.create()
        with pytest.raises(BROKEN):
            stream.live()
    with api.stream() as stream:
        assert len(stream.backfill()) == 1


def test_a_mute_stream_sends_nothing_for_a_while(api: Api) -> None:
    api.set(keepalive_seconds=0.02)
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="mute", event="completed", seconds=0.3)
        started = time.monotonic()
        api.create()
        stream.live()
    assert time.monotonic() - started >= 0.3


def test_a_lost_event_is_backfilled_unless_it_is_lost_for_good(api: Api) -> None:
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="lose")
        api.create(RED, name="lost")
        api.fault(kind="lose", stored=False)
        api.create(RED, name="lost for good")
        seen = api.create(RED, name="seen").json()["job_id"]
        assert task_of(stream.live()) == seen
    with api.stream() as stream:
        assert len(stream.backfill()) == 2


def test_an_event_can_be_duplicated(api: Api) -> None:
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="duplicate")
        api.create()
        assert stream.live() == stream.live()


def test_an_event_can_be_overtaken_by_the_next(api: Api) -> None:
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="reorder", seconds=5)
        first, second = (api.create(RED, name=name).json()["job_id"] for name in "ab")
        assert [task_of(stream.live()), task_of(stream.live())] == [second, first]


def test_a_held_event_comes_even_if_no_other_follows(api: Api) -> None:
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="reorder", seconds=0.05)
        job_id = api.create().json()["job_id"]
        assert task_of(stream.live()) == job_id


def test_a_split_frame_is_still_one_event(api: Api) -> None:
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="split")
        job_id = api.create().json()["job_id"]
        assert task_of(stream.live()) == job_id


def test_a_flood_brings_events_of_other_jobs(api: Api) -> None:
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="flood", events=300)
        tasks = {task_of(stream.live()) for _ in range(300)}
    assert len(tasks) == 300
    assert api.ledger()["jobs"] == []


def test_an_early_event_of_a_promotion_comes_before_its_answer(api: Api) -> None:
    [draft] = api.drafts()
    api.set(preprocessing_median_seconds=3600)
    with api.stream(name_list="identity_preprocessing") as stream:
        stream.backfill()
        api.fault(kind="early", path="/identity/promote-generated", seconds=0.3)
        job_id = api.promote(draft).json()["preprocessing_job_id"]
        answered = time.time()
        event = stream.live()
    assert task_of(event) == job_id
    assert event["timestamp"] < answered - 0.2


def test_a_stream_rule_may_name_the_streams_own_path(api: Api) -> None:
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="cut", method="GET", path="/notifications/events")
        with pytest.raises(BROKEN):
            stream.live()


def test_a_rule_without_a_path_never_holds_back_an_endless_stream(api: Api) -> None:
    api.fault(kind="delay", when="after", seconds=0.05)
    with api.stream() as stream:
        assert stream.backfill() == []
    api.fault(kind="drop_response")
    with api.stream() as stream:
        assert stream.backfill() == []
    with pytest.raises(BROKEN):
        api.get("/auth/me")
