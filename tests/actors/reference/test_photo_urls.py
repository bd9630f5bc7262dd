"""A photo that is fetched by its URL: from a host that answers, one that never does, or a forbidden one."""

import re
from dataclasses import replace
from typing import Any

import pytest
from own_account import CREATE, Api
from processes import ProcessFactory
from scripted_server import HANGING, answer, serving
from stepping import Flow, enqueue
from support import eventually

from actors.fetch_limits import may_fetch
from actors.runtime import runtime
from config import durations, keys
from worker.lifecycle import preparing

UPLOAD = "POST /upload"
LOOKS: dict[str, Any] = {"appearance": {"skin": "dark"}, "hair": {"color": "pink", "length": "long"}}


@pytest.fixture
def closed_network(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An installation that fetches from its own network, as this test's server is in one."""
    environment["IDENTITY_WORKER_REFERENCE_PRIVATE"] = "true"
    return environment


def test_a_photo_is_fetched_from_a_url(
    closed_network: dict[str, str], flow: Flow, api: Api, photo: bytes
) -> None:
    with serving(answer(302, headers={"Location": "/b.jpg"}), answer(200, photo)) as server:
        brief_id = flow.accept(instructions=None, reference_image=f"{server.url}/a.jpg?signature=secret")
        flow.until(brief_id, "generating")
    assert api.sent()["instructions"][0]["hair"] == LOOKS["hair"]


def test_without_a_place_to_fetch_a_brief_is_put_back_and_woken(
    closed_network: dict[str, str], flow: Flow, api: Api, photo: bytes
) -> None:
    rt = runtime()
    with serving(answer(200, photo)) as server:
        assert rt.fetches.acquire("brief:other", "127.0.0.1")
        brief_id = flow.accept(instructions=None, reference_image=f"{server.url}/a.jpg")
        flow.steps.run()
        assert (flow.brief(brief_id).state, server.seen) == ("preparing", [])
        assert flow.client.llen(keys.QUEUE(keys.STEPS)) == 0
        due: Any = flow.client.zscore(keys.TIMERS(), f"brief:{brief_id}")
        assert due - flow.ledger.now() <= durations.FETCH_LOOK_MS
        # The fetch of another host's picture ends, and with it the other one.
        rt.fetches.release("brief:other")
        with may_fetch(rt, replace(flow.brief(brief_id), subject="brief:x"), "https://a.example/") as ours:
            assert ours
        flow.until(brief_id, "generating")
    assert rt.fetches.acquire("brief:other", "127.0.0.1")


def test_a_host_that_never_answers_costs_a_brief_one_minute_only(
    closed_network: dict[str, str], flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "FETCH_SECONDS", 0.1)
    with serving(HANGING, HANGING) as server:
        brief_id = flow.accept(instructions=None, reference_image=f"{server.url}/a.jpg?signature=secret")
        flow.steps.run()
        lost = preparing.seconds_lost(flow.brief(brief_id))
        assert lost >= 0.1
        monkeypatch.setattr(durations, "FETCHES_MOST_SECONDS", lost + 0.01)
        flow.wake_timer(f"brief:{brief_id}")
        brief = flow.finish(brief_id)
    assert brief.state == "failed"
    # On a machine that has no time for it, the request is not even written within FETCH_SECONDS.
    late = r"127\.0\.0\.1: (\w+Timeout|the time of the whole call is over) \(tried 2 times"
    assert re.match(late, brief.fields["error"])


def test_photos_of_a_host_that_never_answers_leave_threads_to_other_briefs(
    flow: Flow, api: Api, redis_url: str, worker_process: ProcessFactory
) -> None:
    with serving(*[HANGING] * 9) as server:
        worker_process(IDENTITY_WORKER_REFERENCE_PRIVATE="true")  # with four threads
        for number in range(8):
            photo = f"{server.url}/{number}.jpg"
            enqueue(redis_url, brief_id=f"photo-{number}", instructions=None, reference_image=photo)
        assert eventually(flow.client, lambda: len(server.seen) == 1)
        enqueue(redis_url, brief_id="urgent", priority=100)
        assert eventually(flow.client, lambda: api.requests(f"POST {CREATE}") == 1, deadline=5)
        assert len(server.seen) == 1


def test_a_url_into_a_private_network_fails_before_anything_is_asked(flow: Flow, api: Api) -> None:
    brief_id = flow.accept(instructions=None, reference_image="https://127.0.0.1/a.jpg?signature=secret")
    brief = flow.finish(brief_id)
    assert brief.state == "failed"
    assert "private network" in brief.fields["error"]
    assert "secret" not in brief.fields["error"]
    assert api.requests(UPLOAD) == 0
