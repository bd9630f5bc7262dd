"""The whole flow: what is never sent, events that are missed or doubled, caps that many briefs keep."""

from typing import Any

import pytest
from flow_facts import charged
from processes import ProcessFactory
from stepping import Flow, enqueue
from support import EVENTS, event_types, events, eventually

from config import keys
from config.settings import settings as process_settings

POST_CREATE = "POST /identity/create"
POST_PROMOTE = "POST /identity/promote-generated"
DELETE = "DELETE /notifications/{id}"


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        (
            {"instructions": [{"prompt": " ", "num_variations": 9}], "options": {"format": "gif"}},
            {"instructions[0].num_variations", "options.format"},
        ),
        ({"account": "unknown"}, {"account"}),
        ({"colour": "red", "priority": 1000}, {"colour", "priority"}),
    ],
)
def test_a_bad_brief_fails_with_all_faults_in_one_event(
    flow: Flow, fields: dict[str, Any], paths: set[str]
) -> None:
    before = flow.api.ledger()["requests"]
    flow.accept(brief_id="b", **fields)
    brief = flow.brief("b")
    assert brief.state == "failed"
    assert paths <= {fault["path"] for fault in brief.json("faults")}
    (event,) = events(flow.client)
    assert event["type"] == "identity.brief.failed"
    assert event["data"]["faults"] == brief.json("faults")
    assert flow.client.llen(keys.QUEUE(keys.STEPS)) == 0
    assert flow.api.ledger()["requests"] == before


def test_a_brief_needing_more_slots_than_there_are_fails_at_once(
    flow: Flow, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    accounts = tmp_path / "accounts.toml"
    accounts.write_text('[accounts.default]\ntoken_env = "PIKTID_API_TOKEN"\nslots = 3\n')
    monkeypatch.setenv("ACCOUNTS_FILE", str(accounts))
    process_settings.cache_clear()
    instructions = [{"prompt": "a face", "num_variations": 4}]
    flow.accept(brief_id="b", choose="all", instructions=instructions)
    assert flow.brief("b").state == "failed"
    assert [fault["path"] for fault in flow.brief("b").json("faults")] == ["choose"]


def test_missed_events_are_made_up_for_by_timers(live: Flow) -> None:
    live.api.lose_events()
    live.accept(brief_id="b")
    assert live.finish("b").state == "done"
    assert live.client.zcard(keys.HANDLED("default")) == live.api.requests(DELETE) == 0, "no event helped"


def test_events_that_come_twice_change_nothing(live: Flow) -> None:
    live.api.double_events()
    live.accept(brief_id="b")
    assert live.finish("b").state == "done"
    assert event_types(live.client) == [
        "identity.brief.accepted",
        "identity.drafts.ready",
        "identity.promoted",
        "identity.preprocessing.completed",
        "identity.brief.done",
    ]
    assert charged(live) == {"drafts": 10, "promotion": 50}


def test_twenty_briefs_keep_every_cap_and_are_paid_for_once(live: Flow) -> None:
    brief_ids = [
        live.accept(instructions=[{"prompt": f"face {number}", "num_variations": 1}]) for number in range(20)
    ]
    for brief_id in brief_ids:
        assert live.finish(brief_id).state == "done"
    seen = live.api.ledger()
    assert seen["requests"][POST_CREATE] == {"202": 20}
    assert seen["requests"][POST_PROMOTE] == {"201": 20}
    assert set(seen["violations"].values()) == {0}
    assert seen["max_jobs_in_flight"] <= 5
    assert charged(live) == {"drafts": 100, "promotion": 1000}


def test_a_killed_listeners_account_is_followed_by_another_within_ten_seconds(
    flow: Flow, redis_url: str, worker_process: ProcessFactory, listener_process: ProcessFactory
) -> None:
    def holder() -> Any:
        return flow.client.get(keys.LEASE("default"))

    def followed() -> bool:
        # By webhook, to follow an account is to delete what was handled.
        streams = 1 if EVENTS == "sse" else 0
        return holder() is not None and bool(flow.api.ledger()["open_streams"] == streams)

    first = listener_process()
    assert eventually(flow.client, followed)
    before = holder()
    listener_process()
    worker_process()
    flow.api.set(backfill_seconds=100_000, drafts_median_seconds=400)
    enqueue(redis_url, brief_id="b")
    assert eventually(flow.client, lambda: flow.api.ledger()["jobs_in_flight"] == 1)
    first.kill()
    assert eventually(flow.client, lambda: holder() not in (None, before) and followed(), deadline=10)
    assert eventually(flow.client, lambda: flow.brief("b").state == "done")
    assert eventually(flow.client, lambda: not flow.api.ledger()["pending_notifications"])
