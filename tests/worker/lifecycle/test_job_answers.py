"""What becomes of a brief by what the API says of its job, and which drafts are chosen of it."""

from collections.abc import Callable
from typing import Any

import pytest
from flow_facts import REMEDY, draft_ids, promoted, slots
from own_account import Api
from stepping import Flow
from support import event_types, events

from config import keys
from worker.lifecycle import choosing, record_fields
from worker.lifecycle.charges import take_apart
from worker.operations.operator import Operator
from worker.views import snapshots

RESULTS = "/jobs/*/results"


def test_a_job_without_a_finished_draft_fails_and_frees_all(live: Flow) -> None:
    live.api.set(draft_failure_rate=1)
    brief = live.finish(live.accept())
    assert brief.state == "failed"
    assert "without a finished draft" in str(brief.get("error"))
    assert slots(live) == (0, 0)
    assert live.client.zcard(keys.PERMITS("default")) == 0


def results(flow: Flow, *states: str, **top: Any) -> dict[str, Any]:
    """An answer of the job's results with its drafts in these states."""
    rows = zip(draft_ids(flow), states, strict=True)
    return {**top, "results": [{"image_result_id": id_, "image_index": 0, "status": s} for id_, s in rows]}


@pytest.mark.parametrize("status", ["failed", "aborted"])
def test_the_finished_drafts_of_a_failed_job_are_used(live: Flow, status: str) -> None:
    live.accept(brief_id="b")
    live.steps.run()
    live.api.rest()
    live.api.refuse(RESULTS, 200, results(live, "failed", "completed", status=status), count=2)
    assert live.finish("b").state == "done"
    assert promoted(live) == [draft_ids(live)[1]]


@pytest.mark.parametrize("status", ["failed", "aborted"])
def test_a_brief_whose_job_ended_before_any_draft_has_failed(live: Flow, status: str) -> None:
    live.accept(brief_id="b")
    live.steps.run()
    live.api.rest()
    live.api.refuse(RESULTS, 200, results(live, "failed", "aborted", status=status), count=2)
    assert live.finish("b").state == "failed"
    assert f"ended as {status}" in str(live.brief("b").get("error"))
    assert promoted(live) == []
    assert slots(live) == (0, 0)


def test_charged_but_useless_drafts_are_spent_from_the_batchs_budget_once(
    flow: Flow,
) -> None:
    flow.api.lose_events()
    flow.accept(brief_id="b", batch="x")
    flow.steps.run()
    flow.api.rest()
    flow.api.refuse(
        RESULTS, 200, results(flow, "failed", "failed", status="failed", credits_used=30), count=2
    )

    def spent() -> tuple[object, ...]:
        learned = flow.client.hmget(keys.RECORD("account:default"), "drafts_credits", "drafts_made")
        return flow.client.hget(keys.BUDGET("x"), "spent"), *learned

    flow.wake_timer("brief:b")
    assert flow.finish("b").state == "failed"
    assert spent() == ("30", "30", "2")
    Operator(flow.client, flow.settings, "test").retry(
        flow.brief("b"), take_apart(snapshots.journal(flow.client, "b"))
    )
    flow.wake_timer("brief:b")
    assert flow.until("b", "failed").get("credits_used") == "30"
    assert spent() == ("30", "30", "2")


def test_results_without_the_jobs_status_are_read_with_it(live: Flow) -> None:
    live.accept(brief_id="b")
    live.steps.run()
    live.api.rest()
    live.api.refuse(RESULTS, 200, results(live, "completed", "completed"), count=2)
    assert live.finish("b").state == "done"
    assert live.api.requests("GET /jobs/{job_id}/status") > 0


def test_results_of_a_job_that_still_runs_are_not_chosen_from(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    flow.api.refuse(RESULTS, 200, results(flow, "completed", "processing", status="processing"))
    flow.wake_timer("brief:b")
    flow.steps.run()
    assert flow.brief("b").state == "generating"


def test_a_job_not_known_yet_is_waited_for_some_minutes(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.refuse(RESULTS, 404, count=2)
    flow.wake_timer("brief:b")
    flow.steps.run()
    assert flow.brief("b").state == "generating"
    flow.grow_older("brief:b", 5)  # 1,000 s at the speed of the tests
    flow.steps.run()
    assert flow.brief("b").state == "failed"
    assert "does not know its job" in str(flow.brief("b").get("error"))
    assert str(flow.brief("b").get("error")).endswith("sent under another id, it is bought anew")


def test_a_job_unknown_at_one_look_only_has_not_failed(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.grow_older("brief:b", 5)  # 1,000 s at the speed of the tests
    flow.api.refuse(RESULTS, 404)
    flow.steps.run()
    assert flow.brief("b").state == "generating"
    flow.api.refuse(RESULTS, 200, results(flow, "processing", "processing", status="processing"))
    flow.wake_timer("brief:b")
    flow.steps.run()
    flow.grow_older("brief:b", 5)
    flow.api.refuse(RESULTS, 404)
    flow.steps.run()
    assert flow.brief("b").state == "generating", "it was known in between"
    flow.api.rest()
    flow.wake_timer("brief:b")
    flow.steps.run()
    assert flow.brief("b").state == "promoting"


@pytest.mark.parametrize("answer", [Api.answer_by_pages, Api.answer_by_gateway])
def test_a_job_that_web_pages_answer_for_is_waited_for(flow: Flow, answer: Callable[[Api], None]) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    answer(flow.api)
    for _ in range(3):
        flow.grow_older("brief:b", 5)  # 1,000 s at the speed of the tests
        assert flow.steps.run() == ("collect_drafts", "brief:b")
        assert flow.brief("b").state == "generating"
    assert REMEDY in flow.pauses()["pause"]
    assert not flow.client.exists(keys.WAITING("default", "prepare")), "it is looked at all the same"
    flow.api.sandbox.clear_faults()
    flow.wake_timer("brief:b")
    flow.steps.run()
    assert flow.brief("b").state == "promoting"


def test_a_job_that_cannot_be_read_just_now_is_read_later(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    flow.api.refuse(RESULTS, 500)
    for state in ("generating", "promoting"):
        flow.wake_timer("brief:b")
        flow.steps.run()
        assert flow.brief("b").state == state


def test_each_instruction_yields_one_identity(live: Flow) -> None:
    faces = [{"prompt": f"face {number}", "num_variations": 2} for number in range(3)]
    brief_id = live.accept(instructions=faces)
    assert live.finish(brief_id).state == "done"
    first, second, third = draft_ids(live)[::2]
    assert promoted(live) == [first, second, third]
    ready = [
        event["data"] for event in events(live.client) if event["type"] == "identity.preprocessing.completed"
    ]
    assert sorted(data["instruction"] for data in ready) == [0, 1, 2]
    assert event_types(live.client).count("identity.brief.done") == 1
    names = [identity["name"] for identity in live.api.ledger()["identities"]]
    assert sorted(names) == ["Spring catalog model", "Spring catalog model 2", "Spring catalog model 3"]


def test_all_drafts_become_identities_if_so_chosen(live: Flow) -> None:
    instructions = [{"prompt": "a face", "num_variations": 3}]
    brief_id = live.accept(choose="all", instructions=instructions)
    assert slots(live) == (1, 0)
    assert live.client.hget(keys.SLOTS("default"), f"brief:{brief_id}") == "3"
    assert live.finish(brief_id).state == "done"
    assert sorted(promoted(live)) == draft_ids(live)
    assert slots(live) == (0, 3)


def test_a_manual_choice_waits_for_a_person_and_then_goes_on(live: Flow) -> None:
    live.accept(brief_id="b", choose="manual")
    waiting = live.until("b", "choosing")
    assert event_types(live.client)[-1] == "identity.drafts.ready"
    assert live.client.zscore(keys.TIMERS(), "brief:b") is None, "nothing but the person sets it off"
    assert live.client.zcard(keys.PERMITS("default")) == 0
    second = draft_ids(live)[1]
    picked = choosing.choose(record_fields.rules_of(waiting), record_fields.drafts_of(waiting), [second])
    assert picked is not None
    live.ledger.plan("b", [each.fields() for each in picked])
    assert live.finish("b").state == "done"
    assert promoted(live) == [second]


def test_the_permit_of_a_job_goes_to_its_own_promotion_first(flow: Flow) -> None:
    flow.accept(brief_id="first")
    flow.ledger.set_limits("default", {"jobs": "1"}, by="test")
    flow.accept(brief_id="second", priority=100)
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer("brief:first")
    assert flow.steps.run() == ("collect_drafts", "brief:first")
    assert flow.steps.run() == ("promote_draft", "promotion:first#0")
    assert flow.brief("second").attempt == 0
