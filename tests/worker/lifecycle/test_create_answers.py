"""What becomes of a brief at each answer to its create: refused, put off, lost, or never sent."""

from typing import Any

import pytest
from flow_facts import REMEDY, THROTTLED, charged, held_up, slots, throttled
from own_account import CREATE
from stepping import Flow
from support import event_types, events

from actors.error_handling import refuse_create
from config import keys
from config.settings import settings as process_settings
from worker.ledger.transition import Transition
from worker.lifecycle import journal_entries
from worker.lifecycle.charges import take_apart
from worker.operations.operator import Operator
from worker.piktid.errors import NoApiError
from worker.views import snapshots

pytestmark = pytest.mark.impatient

POST_CREATE = "POST /identity/create"
NO_CREDITS = {"error": "Insufficient credits", "required_credits": 10.0, "user_credits": 1.5}


@pytest.mark.parametrize("status", [400, 422, 403])
def test_a_refused_create_fails_the_brief_with_the_apis_own_words(flow: Flow, status: int) -> None:
    body = {"error": "Invalid request", "detail": [{"field": "instructions", "message": "too dull"}]}
    flow.api.refuse(CREATE, status, body)
    brief = flow.finish(flow.accept(brief_id="b"))
    assert brief.state == "failed"
    assert "too dull" in str(brief.get("error"))
    assert event_types(flow.client) == ["identity.brief.accepted", "identity.brief.failed"]
    assert "too dull" in events(flow.client)[-1]["data"]["error"]
    assert flow.api.requests(POST_CREATE) == 1
    assert slots(flow) == (0, 0)


def test_the_faults_that_the_api_names_are_in_the_event(flow: Flow) -> None:
    detail = [{"field": "options.ar", "message": "no"}, {"field": "name", "message": "too long"}]
    flow.api.refuse(CREATE, 400, {"error": "Invalid request", "detail": detail})
    flow.finish(flow.accept())
    faults = events(flow.client)[-1]["data"]["faults"]
    assert faults == [{"path": "options.ar", "rule": "no"}, {"path": "name", "rule": "too long"}]


def test_a_prompt_that_names_a_real_person_fails_with_the_blocked_term(flow: Flow) -> None:
    prompt = "A portrait of Tom Cruise in the rain"
    brief = flow.finish(flow.accept(instructions=[{"prompt": prompt, "num_variations": 1}]))
    assert brief.state == "failed"
    assert events(flow.client)[-1]["data"]["blocked_term"] == "Tom Cruise"


@pytest.mark.parametrize(
    ("status", "body", "paused"),
    [
        (401, {"error": "Invalid or expired token."}, "pause"),
        (402, NO_CREDITS, "create"),
        (503, {"error": "Identity creation is not enabled."}, "create"),
        *throttled("create"),
    ],
)
def test_a_create_refused_for_a_passing_reason_waits_in_place(
    live: Flow, status: int, body: dict[str, Any], paused: str
) -> None:
    live.api.refuse(CREATE, status, body)
    live.accept(brief_id="b")
    live.steps.run()
    assert live.brief("b").state == "waiting"
    assert list(held_up(live)) == [paused]
    assert paused == "working" or body["error"] in held_up(live)[paused]
    # A minute of the API's is 300 ms here: on a slow machine it has been granted once more by now.
    permits = live.client.zcard(keys.PERMITS("default"))
    assert permits == int(live.brief("b").fields["grants"]) - 1 or permits == 0
    assert live.finish("b").state == "done"
    assert [call for call in live.calls("b") if "create" in call].count("create intended") == 2
    assert charged(live) == {"drafts": 10, "promotion": 50}


def test_a_redirected_create_waits_in_place_and_its_account_pauses(flow: Flow) -> None:
    flow.api.refuse(CREATE, 308, headers={"Location": "https://api.example/v2/identity/create?key=hidden"})
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "waiting"
    assert "set PIKTID_API_URL to https://api.example/v2" in held_up(flow)["pause"]
    flow.accept(brief_id="later")
    assert (flow.brief("later").state, flow.brief("later").attempt) == ("waiting", 0)
    assert flow.api.requests(POST_CREATE) == 1
    assert not charged(flow)


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("is_page", [True, False])
def test_a_create_that_a_gateway_refuses_waits_in_place(flow: Flow, status: int, *, is_page: bool) -> None:
    if is_page:
        flow.api.refuse(CREATE, status, "<h1>Blocked</h1>", headers={"Content-Type": "text/html"})
    else:
        flow.api.answer_by_gateway(status)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "waiting"
    assert REMEDY in held_up(flow)["pause"]
    flow.accept(brief_id="later")
    assert flow.api.requests(POST_CREATE) == 1
    flow.api.sandbox.clear_faults()
    flow.ledger.resume("default", by="test")
    flow.steps.until(lambda: {flow.brief("b").state, flow.brief("later").state} == {"generating"})


def meet_pages(flow: Flow, pages: int) -> None:
    """Let a firewall's page answer so many creates of the first of two briefs."""
    flow.api.refuse(CREATE, 406, "<h1>No</h1>", headers={"Content-Type": "text/html"}, count=pages)
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.accept(brief_id="later")
    for _ in range(pages - 1):
        assert (flow.brief("b").state, flow.brief("later").attempt) == ("waiting", 0)
        flow.end_pauses()
        assert flow.steps.run() == ("submit_brief", "brief:b")
    assert flow.brief("b").get("pages") == str(pages)


def test_a_brief_that_a_firewall_refuses_is_held_and_others_go_on(flow: Flow) -> None:
    meet_pages(flow, 3)
    held = flow.brief("b")
    assert held.state == "held"
    assert "refused 3 times" in held.fields["question"]
    until = int(flow.client.hget(keys.RECORD("account:default"), "pause_until") or 0)
    assert until - int(held.fields["moved_at"]) < 100
    flow.end_pauses()
    flow.until("later", "generating")
    assert not flow.pauses()
    assert flow.client.zrange(keys.PERMITS("default"), 0, -1) == ["brief:later"]
    operator = Operator(flow.client, flow.settings, "the test")
    assert operator.retry(held, take_apart(snapshots.journal(flow.client, "b"))) == "waiting"
    assert flow.brief("b").get("pages") is None
    flow.until("b", "generating")
    assert flow.api.requests(POST_CREATE) == 5


def test_a_brief_whose_refusal_by_a_firewall_came_late_is_sent_again(flow: Flow) -> None:
    from actors.runtime import runtime

    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.until("b", "uncertain")
    flow.client.hset(keys.RECORD("brief:b"), "pages", 2)
    lost = flow.brief("b")
    lost.fields["state"] = "submitting"  # as whoever waits for the answer has read it
    refuse_create(runtime(), lost, NoApiError(406, "No"))
    held = flow.brief("b")
    assert (held.state, held.previous_state) == ("held", "uncertain")
    operator = Operator(flow.client, flow.settings, "the test")
    assert operator.retry(held, take_apart(snapshots.journal(flow.client, "b"))) == "waiting"


def test_what_refuses_other_calls_as_well_pauses_for_as_long(flow: Flow) -> None:
    flow.api.refuse("/auth/me", 403, {"message": "Forbidden"}, count=9)
    meet_pages(flow, 4)
    assert flow.brief("b").state == "waiting"
    assert REMEDY in held_up(flow)["pause"]


def test_a_page_in_place_of_a_job_pauses_its_account(flow: Flow) -> None:
    flow.api.refuse(CREATE, 200, "<p>Sign in", headers={"Content-Type": "text/html"}, count=9)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "uncertain"
    assert "the login page of this network" in held_up(flow)["pause"]
    flow.accept(brief_id="later")
    assert (flow.brief("later").state, flow.api.requests(POST_CREATE)) == ("waiting", 1)


def test_a_retry_after_holds_the_endpoint_up_for_as_long(flow: Flow) -> None:
    flow.api.refuse(CREATE, 429, THROTTLED["rate"], headers={"Retry-After": "40"})
    flow.accept(brief_id="b")
    flow.steps.run()
    until = int(flow.client.hget(keys.RECORD("account:default"), "create_until") or 0)
    moved = flow.brief("b").read_at - flow.brief("b").age_ms
    assert abs(until - moved - 40_000) < 50


def test_while_creation_is_paused_nothing_is_sent_and_then_all_go_on(live: Flow) -> None:
    live.api.set(identity_creation_enabled=False)
    live.accept(brief_id="a")
    live.steps.run()
    live.accept(brief_id="b")
    assert live.brief("b").attempt == 0
    live.api.set(identity_creation_enabled=True)
    assert live.finish("a").state == live.finish("b").state == "done"


@pytest.mark.parametrize("status", [500, 502, 418, 303])
def test_a_create_that_may_have_arrived_is_not_sent_again(flow: Flow, status: int) -> None:
    flow.api.refuse(CREATE, status)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "uncertain"
    assert_held_in_the_end(flow)


@pytest.mark.parametrize("kind", ["drop_response", "refuse", "garbage"])
def test_a_create_whose_answer_was_lost_is_not_sent_again(flow: Flow, kind: str) -> None:
    flow.api.fault(kind, path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "uncertain"
    assert_held_in_the_end(flow)


def test_a_create_whose_worker_died_unrecorded_is_not_sent_again(flow: Flow) -> None:
    flow.accept(brief_id="b")
    brief = flow.brief("b")
    flow.ledger.apply(brief, Transition("submitting", journal=journal_entries.intended("create", brief, {})))
    flow.steps.run()
    assert flow.brief("b").state == "submitting", "whoever began it may still be about to record it"
    flow.grow_older("brief:b", 60)
    flow.steps.run()
    assert flow.brief("b").state == "uncertain"
    assert_held_in_the_end(flow)
    assert flow.api.requests(POST_CREATE) == 0


def assert_held_in_the_end(flow: Flow) -> None:
    """Nobody knows, so a person is asked; the slots stay reserved, the job permit does not."""
    sent = flow.api.requests(POST_CREATE)
    flow.grow_older("brief:b", 60)
    flow.steps.until(lambda: flow.brief("b").state == "held")
    assert flow.brief("b").get("question")
    assert event_types(flow.client)[-1] == "identity.brief.held"
    assert flow.client.zcard(keys.PERMITS("default")) == 0
    assert slots(flow) == (1, 0)
    assert flow.api.requests(POST_CREATE) == sent


def test_a_create_that_never_left_is_sent_again_and_does_not_count(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIKTID_API_URL", "http://127.0.0.1:9")  # the discard port, where nobody listens
    process_settings.cache_clear()
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "waiting"
    assert flow.calls("b") == ["create intended", "create NotSent"]
    assert flow.client.zcard(keys.WINDOW("default", "create")) == 0
    assert list(flow.pauses()) == ["pause"]
