"""The event stream, and the two other ways to the same events."""

from typing import Any

import requests
from sandbox_api import RED, Api, task_of


def start(api: Api) -> str:
    return api.create().json()["job_id"]


def test_a_live_event_has_no_name_and_comes_after_the_backfill(moving_api: Api) -> None:
    with moving_api.stream() as stream:
        assert stream.backfill() == []
        job_id = start(moving_api)
        event = stream.live()
    assert task_of(event) == job_id
    assert isinstance(event["id"], int)
    assert isinstance(event["timestamp"], float)


def test_events_from_before_the_connection_come_first_and_oldest_first(moving_api: Api) -> None:
    with moving_api.stream() as stream:
        stream.backfill()
        start(moving_api)
        start(moving_api)
        seen = last_events(stream, 2)
    with moving_api.stream() as stream:
        replayed = stream.backfill()
    assert [event["id"] for event in replayed] == sorted(event["id"] for event in replayed)
    assert {event["id"] for event in seen} <= {event["id"] for event in replayed}


def last_events(stream: Any, jobs: int) -> list[dict[str, Any]]:
    """Live events until so many jobs have ended."""
    events, ended = [], 0
    while ended < jobs:
        events.append(stream.live())
        ended += events[-1]["data"].get("status") == "completed" and events[-1]["name"] != "image_result"
    return events


def test_events_older_than_the_backfill_window_are_not_replayed(api: Api) -> None:
    api.set(backfill_seconds=0)
    api.create()
    with api.stream() as stream:
        assert stream.backfill() == []


def test_a_deleted_event_is_not_replayed(api: Api) -> None:
    api.create()
    with api.stream() as stream:
        [event] = stream.backfill()
    assert api.delete(f"/notifications/{event['id']}").status_code == 204
    assert api.delete(f"/notifications/{event['id']}").status_code == 404
    with api.stream() as stream:
        assert stream.backfill() == []


def test_a_quiet_stream_sends_keepalives(api: Api) -> None:
    api.set(keepalive_seconds=0.01)
    with api.stream() as stream:
        stream.backfill()
        assert [next(stream.frames), next(stream.frames)] == [(":", "keepalive")] * 2


def test_the_token_may_be_given_in_the_query(api: Api) -> None:
    url = api.url + "/notifications/events"
    with requests.get(url, params={"token": api.account}, stream=True, timeout=20) as answer:
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (
            200,
            "text/event-stream",
        )
    assert requests.get(api.url + "/auth/me", params={"token": api.account}, timeout=20).status_code == 401


def test_filters_let_through_only_what_was_asked_for(api: Api) -> None:
    one, other = start(api), api.create(RED, name="other").json()["job_id"]
    with api.stream(id_task=other) as stream:
        assert [task_of(event) for event in stream.backfill()] == [other]
    with api.stream(id_task=f"{one},{other}") as stream:
        assert [task_of(event) for event in stream.backfill()] == [one, other]
    with api.stream(name_list="identity_preprocessing") as stream:
        assert stream.backfill() == []


def test_two_streams_of_an_account_get_the_same_events(api: Api) -> None:
    with api.stream() as one, api.stream() as other:
        one.backfill()
        other.backfill()
        assert api.ledger()["open_streams"] == 2
        start(api)
        assert one.live() == other.live()


def test_another_account_gets_none_of_them(api: Api) -> None:
    start(api)
    with Api(api.sandbox, "stranger") as stranger, stranger.stream() as stream:
        assert stream.backfill() == []


def test_events_can_be_polled_by_name_and_job(api: Api) -> None:
    job_id = start(api)
    assert [task_of(event) for event in api.post("/notifications", {"name_list": "completed"}).json()] == [
        job_id
    ]
    body = {"name_list": ["completed", "error"], "id_task": ["job_other"]}
    assert api.post("/notifications", body).json() == []
    assert api.post("/notifications", {}).status_code == 400


def test_progress_is_told_when_it_is_set(api: Api) -> None:
    api.set(progress_events=True)
    [draft] = api.drafts()
    api.promote(draft)
    with api.stream(name_list="identity_preprocessing") as stream:
        states = [event["data"]["status"] for event in stream.backfill()]
    assert states == ["processing", "completed"]


def test_deleting_another_products_event_is_a_violation(api: Api) -> None:
    api.sandbox._call("POST", "/_sandbox/other-jobs", {"account": api.account, "seconds": 0})
    with api.stream() as stream:
        [event] = stream.backfill()
    api.delete(f"/notifications/{event['id']}")
    assert api.ledger()["violations"]["foreign_notifications_deleted"] == 1
