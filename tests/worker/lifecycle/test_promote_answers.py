"""What becomes of a promotion at each answer of the API: refused, put off, lost, or its name taken."""

from typing import Any

import pytest
from flow_facts import REMEDY, charged, draft_ids, held_up, promoted, slots, throttled
from own_account import PROMOTE
from stepping import Flow
from support import event_types

from config import keys
from worker.ledger.transition import Transition
from worker.lifecycle import journal_entries
from worker.lifecycle.charges import take_apart
from worker.operations.operator import Operator
from worker.views import snapshots

pytestmark = pytest.mark.impatient

POST_PROMOTE = "POST /identity/promote-generated"
NO_CREDITS = {"error": "Insufficient credits", "required_credits": 10.0, "user_credits": 1.5}


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_draft_that_is_refused_is_followed_by_the_next(live: Flow, status: int) -> None:
    live.api.refuse(PROMOTE, status)
    live.accept(brief_id="b")
    assert live.finish("b").state == "done"
    assert promoted(live) == [draft_ids(live)[1]]
    assert charged(live) == {"drafts": 10, "promotion": 50}


@pytest.mark.parametrize("status", [403, 404])
def test_a_draft_that_a_gateway_refuses_is_promoted_later(flow: Flow, status: int) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer("brief:b")
    assert flow.steps.run() == ("collect_drafts", "brief:b")
    flow.api.answer_by_gateway(status)
    assert flow.steps.run() == ("promote_draft", "promotion:b#0")
    assert flow.promotion("b").state == "planned"
    assert REMEDY in flow.pauses()["pause"]
    flow.api.sandbox.clear_faults()
    flow.ledger.resume("default", by="test")
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    assert promoted(flow) == draft_ids(flow)[:1]


def test_a_brief_whose_drafts_are_all_refused_has_failed(live: Flow) -> None:
    live.api.set(wrong_faces_rate=1)
    live.accept(brief_id="b")
    assert live.finish("b").state == "failed"
    assert "one face is needed" in str(live.promotion("b").get("error"))
    assert live.api.requests(POST_PROMOTE) == 2
    assert event_types(live.client)[-2:] == ["identity.promotion.failed", "identity.brief.failed"]
    assert slots(live) == (0, 0)


@pytest.mark.parametrize(
    ("status", "body", "paused"),
    [
        (401, {"error": "Invalid or expired token."}, "pause"),
        (402, NO_CREDITS, "promote"),
        (503, {"error": "Identity creation is not enabled."}, "promote"),
        *throttled("promote"),
    ],
)
def test_a_promotion_refused_for_now_keeps_its_draft_and_slot(
    live: Flow, status: int, body: dict[str, Any], paused: str
) -> None:
    live.api.refuse(PROMOTE, status, body)
    live.accept(brief_id="b")
    live.steps.until(lambda: held_up(live))
    assert live.promotion("b").state == "planned"
    assert list(held_up(live)) == [paused]
    assert paused == "working" or body["error"] in held_up(live)[paused]
    assert slots(live) == (1, 0)
    assert live.finish("b").state == "done"
    assert promoted(live) == draft_ids(live)[:1]


@pytest.mark.parametrize("kind", ["drop_response", "refuse", "garbage"])
def test_a_promotion_whose_answer_was_lost_is_repeated_and_paid_for_once(live: Flow, kind: str) -> None:
    live.api.fault(kind, path=PROMOTE)
    live.accept(brief_id="b")
    live.steps.until(lambda: live.pauses())
    live.end_pauses()
    assert live.finish("b").state == "done"
    arrived = kind != "refuse"
    outcome = "already promoted" if arrived else "accepted"
    assert live.calls("b")[3:] == [
        "promote intended", "promote OutcomeUnknown", "promote intended", f"promote {outcome}"
    ]  # fmt: skip
    assert promoted(live) == draft_ids(live)[:1]
    assert charged(live)["promotion"] == 50
    assert slots(live) == (0, 1)


def test_a_promotion_whose_conflict_is_cut_off_is_repeated(live: Flow) -> None:
    live.api.fault("garbage", path=PROMOTE, form="truncated", count=2)
    live.accept(brief_id="b")
    for _ in range(2):
        live.steps.until(lambda: live.pauses())
        live.end_pauses()
    assert live.finish("b").state == "done"
    lost = ["promote intended", "promote OutcomeUnknown"]
    assert live.calls("b")[3:] == [*lost, *lost, "promote intended", "promote already promoted"]
    assert promoted(live) == draft_ids(live)[:1]
    assert charged(live)["promotion"] == 50


@pytest.mark.parametrize("status", [500, 502])
def test_a_promotion_is_repeated_after_an_error_of_the_server(live: Flow, status: int) -> None:
    live.api.refuse(PROMOTE, status)
    live.accept(brief_id="b")
    live.steps.until(lambda: live.pauses())
    live.end_pauses()
    assert live.finish("b").state == "done"
    assert promoted(live) == draft_ids(live)[:1]


def test_a_promotion_whose_worker_died_is_repeated_and_paid_for_once(live: Flow) -> None:
    live.accept(brief_id="b")
    live.until("b", "promoting")
    promotion = live.promotion("b")
    live.ledger.apply(
        promotion, Transition("promoting", journal=journal_entries.intended("promote", promotion, {}))
    )
    live.steps.run()
    assert live.promotion("b").state == "promoting", "whoever began it may still be about to record it"
    live.grow_older("promotion:b#0", 60)
    assert live.finish("b").state == "done"
    assert charged(live)["promotion"] == 50


def test_a_taken_name_fails_a_promotion_if_its_brief_says_so(live: Flow) -> None:
    for brief_id in ("first", "second"):
        live.accept(brief_id=brief_id, on_name_taken="fail", name="Ada")
        live.finish(brief_id)
    assert (live.brief("first").state, live.brief("second").state) == ("done", "failed")
    assert "already exists" in str(live.promotion("second").get("error"))
    assert [identity["name"] for identity in live.api.ledger()["identities"]] == ["Ada"]


def test_a_name_taken_perhaps_by_ourselves_is_answered_by_retrying(
    live: Flow,
) -> None:
    live.api.fault("drop_response", path=PROMOTE)
    live.accept(brief_id="b", on_name_taken="fail", name="Ada")
    live.steps.until(lambda: live.pauses())
    live.api.refuse(PROMOTE, 409, {"error": "An identity named 'Ada' already exists."})
    live.end_pauses()
    question = live.until("b", "held").fields["question"]
    assert "its name is taken" in question
    assert live.client.zrange(keys.PERMITS("default"), 0, -1) == ["promotion:b#0"], "its job may still run"
    journal = take_apart(snapshots.journal(live.client, "b"))
    assert Operator(live.client, live.settings, "a person").retry(live.brief("b"), journal) == "planned"
    assert live.finish("b").state == "done"
    assert [identity["name"] for identity in live.api.ledger()["identities"]] == ["Ada"]
    assert charged(live)["promotion"] == 50


def test_a_taken_name_gets_a_number_otherwise(live: Flow) -> None:
    for brief_id in ("first", "second"):
        live.accept(brief_id=brief_id, name="Ada")
        assert live.finish(brief_id).state == "done"
    assert [identity["name"] for identity in live.api.ledger()["identities"]] == ["Ada", "Ada 2"]


def test_a_failed_preprocessing_is_tried_once_more_with_the_same_draft(live: Flow) -> None:
    live.api.set(preprocessing_failure_rate=1)
    live.accept(brief_id="b")
    live.steps.until(lambda: live.api.requests(POST_PROMOTE))
    live.api.set(preprocessing_failure_rate=0)
    assert live.finish("b").state == "done"
    first = draft_ids(live)[0]
    assert promoted(live) == [first, first]
    assert slots(live) == (0, 1)


def with_an_identity(flow: Flow) -> None:
    """Bring a brief to where its identity is being preprocessed."""
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer("brief:b")
    flow.steps.until(
        lambda: flow.ledger.read("promotion:b#0") and flow.promotion("b").state == "preprocessing"
    )


def test_an_identity_hidden_by_the_api_has_failed_after_two_looks(flow: Flow) -> None:
    with_an_identity(flow)
    # Each look is two requests. 5 s are 1,000 s at the speed of the tests.
    flow.grow_older("promotion:b#0", 5)
    flow.api.refuse("/identity/*", 404, count=2)
    flow.steps.run()
    assert flow.promotion("b").state == "preprocessing"
    flow.api.refuse("/identity/*", 200, {"status": "processing"})
    flow.wake_timer("promotion:b#0")
    flow.steps.run()
    flow.grow_older("promotion:b#0", 5)
    flow.api.refuse("/identity/*", 404, count=4)
    flow.steps.run()
    assert flow.promotion("b").state == "preprocessing", "it was known in between"
    flow.api.refuse("/identity", 200, {"identities": []}, count=3)
    flow.grow_older("promotion:b#0", 5)
    flow.steps.run()
    assert (flow.promotion("b").state, flow.promotion("b").get("repeated")) == ("planned", "1")
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    flow.api.refuse("/identity/*", 404, count=2)
    flow.wake_timer("promotion:b#0")
    flow.steps.run()
    assert flow.promotion("b").state == "preprocessing", "what was not found before was another identity"


def test_an_identity_that_the_list_knows_is_not_made_again(flow: Flow) -> None:
    """A gateway that leads to the list, and not to what is below it."""
    with_an_identity(flow)
    flow.api.rest()
    flow.api.refuse("/identity/*", 404, {"message": "no Route matched"}, count=None)
    for _ in range(3):
        flow.grow_older("promotion:b#0", 1)  # 200 s at the speed of the tests
        assert flow.steps.run() == ("finish_identity", "promotion:b#0")
        assert (flow.promotion("b").state, flow.promotion("b").get("repeated")) == ("preprocessing", None)
    assert "the API lists it" in flow.pauses()["pause"]
    flow.api.sandbox.clear_faults()
    flow.wake_timer("promotion:b#0")
    assert flow.finish("b").state == "done"
    assert charged(flow) == {"drafts": 10, "promotion": 50}


def test_an_identity_that_web_pages_answer_for_is_not_made_again(flow: Flow) -> None:
    with_an_identity(flow)
    flow.api.rest()
    flow.api.answer_by_pages()
    for _ in range(3):
        flow.grow_older("promotion:b#0", 5)  # 1,000 s at the speed of the tests
        assert flow.steps.run() == ("finish_identity", "promotion:b#0")
        assert (flow.promotion("b").state, flow.promotion("b").get("repeated")) == ("preprocessing", None)
    assert REMEDY in flow.pauses()["pause"]
    flow.api.sandbox.clear_faults()
    flow.wake_timer("promotion:b#0")
    assert flow.finish("b").state == "done"
    assert charged(flow) == {"drafts": 10, "promotion": 50}
