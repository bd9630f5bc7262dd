"""Orphans: what a brief or a promotion held of its account is given back though its record is gone."""

from typing import Any

import pytest
from stepping import Flow
from support import event_types

from config import durations, keys
from config.accounts.names import DEFAULT
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Transition

BRIEF = "brief:b"
PROMOTION = "promotion:b#0"


def delete(flow: Flow, *subjects: str) -> None:
    """Delete records as somebody would by hand; timers and all else stay."""
    flow.client.delete(*map(keys.RECORD, subjects))


def permits(flow: Flow) -> Any:
    return flow.client.zrange(keys.PERMITS(DEFAULT), 0, -1)


def slots(flow: Flow) -> Any:
    return flow.client.hkeys(keys.SLOTS(DEFAULT))


def look_after(flow: Flow) -> list[tuple[str, str]]:
    """Let the timer of the account's library be due; return the steps that were run."""
    flow.wake_timer(f"library:{DEFAULT}")
    steps = []
    while flow.client.llen(keys.QUEUE(keys.STEPS)):
        steps.append(flow.steps.run())
    return steps


@pytest.fixture
def one_job(flow: Flow) -> Flow:
    """The flow with a brief, b, that holds the account's one job permit; another one, c, waits for it."""
    flow.api.lose_events()
    flow.accept(brief_id="b")
    flow.ledger.set_limits(DEFAULT, {"jobs": "1"}, by="test")
    flow.accept(brief_id="c")
    return flow


def test_the_permit_of_a_deleted_brief_stays_while_its_job_runs(one_job: Flow) -> None:
    flow = one_job
    flow.api.set(drafts_median_seconds=300)  # a second and a half
    flow.steps.run()
    delete(flow, BRIEF)
    flow.wake_timer(BRIEF)
    assert flow.steps.run() == ("release_orphan", BRIEF)
    assert permits(flow) == [BRIEF]
    assert look_after(flow)[-1] == ("release_orphan", BRIEF)
    assert permits(flow) == [BRIEF]
    (job,) = flow.api.ledger()["jobs"]
    flow.api.rest()
    assert flow.functions.run(commands.wake(account=DEFAULT, event="1", job=job["job_id"])) == "ours"
    assert flow.steps.run() == ("release_orphan", BRIEF)
    assert (permits(flow), slots(flow)) == (["brief:c"], ["brief:c"])
    assert flow.client.zrange(keys.UNFINISHED(), 0, -1) == ["c"]
    assert flow.client.ttl(keys.JOURNAL("b")) > 0


def test_the_permit_of_a_deleted_promotion_is_passed_on_when_ready(one_job: Flow) -> None:
    flow = one_job
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer(BRIEF)
    assert flow.steps.run() == ("collect_drafts", BRIEF)
    assert flow.steps.run() == ("promote_draft", PROMOTION)
    delete(flow, BRIEF, PROMOTION)
    flow.api.rest()
    flow.wake_timer(PROMOTION)
    assert flow.steps.run() == ("release_orphan", PROMOTION)
    assert permits(flow) == ["brief:c"]


def test_a_brief_goes_on_whose_promotion_was_deleted(one_job: Flow) -> None:
    flow = one_job
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer(BRIEF)
    assert [flow.steps.run() for _ in range(2)] == [("collect_drafts", BRIEF), ("promote_draft", PROMOTION)]
    delete(flow, PROMOTION)
    assert flow.ledger.drop(DEFAULT, PROMOTION)
    assert flow.client.zscore(keys.UNFINISHED(), "b")
    assert flow.client.ttl(keys.JOURNAL("b")) == -1


def test_an_orphan_that_web_pages_answer_for_keeps_its_permit(one_job: Flow) -> None:
    flow = one_job
    flow.steps.run()
    delete(flow, BRIEF)
    flow.api.rest()
    flow.api.answer_by_pages()
    early_ms = flow.settings.api_ms(durations.EARLY_404_SECONDS)
    flow.client.zincrby(keys.PERMITS(DEFAULT), -2 * early_ms, BRIEF)
    flow.wake_timer(BRIEF)
    assert flow.steps.run() == ("release_orphan", BRIEF)
    assert permits(flow) == [BRIEF]
    flow.api.sandbox.clear_faults()
    flow.wake_timer(BRIEF)
    assert flow.steps.run() == ("release_orphan", BRIEF)
    assert permits(flow) == ["brief:c"]


def test_a_permit_whose_job_is_unknown_is_kept_until_it_must_end(one_job: Flow) -> None:
    from actors.runtime import runtime

    flow = one_job
    flow.ledger.apply(flow.brief("b"), Transition("submitting", timer_ms=1_000))
    delete(flow, BRIEF)
    flow.client.zincrby(
        keys.PERMITS(DEFAULT), -runtime().paid_call_ms - runtime().unresolved_ms + 10_000, BRIEF
    )
    assert look_after(flow)[-1] == ("release_orphan", BRIEF)
    assert permits(flow) == [BRIEF]
    flow.client.zincrby(keys.PERMITS(DEFAULT), -10_000, BRIEF)
    assert look_after(flow)[-2] == ("release_orphan", BRIEF)
    assert permits(flow) == ["brief:c"]
    assert flow.client.zcount(keys.WINDOW(DEFAULT, "create"), "+inf", "+inf") == 0
    assert flow.client.zcard(keys.WINDOW(DEFAULT, "create")) == 2, "it may have been counted"


def test_a_record_that_is_there_keeps_its_permit(one_job: Flow) -> None:
    assert not one_job.ledger.drop(DEFAULT, BRIEF)
    assert permits(one_job) == [BRIEF]


def test_a_deleted_brief_that_waits_for_a_permit_is_passed_over(one_job: Flow) -> None:
    flow = one_job
    flow.accept(brief_id="d")
    delete(flow, "brief:c")
    flow.ledger.apply(flow.brief("b"), Transition("failed"))
    assert permits(flow) == ["brief:d"]
    assert flow.client.zcard(keys.WAITING(DEFAULT, "create")) == 0
    assert not flow.client.exists(keys.RECORD("brief:c"))


def test_the_slot_of_a_deleted_brief_is_free_at_next_count(flow: Flow) -> None:
    flow.api.lose_events()
    flow.until(flow.accept(brief_id="b", choose="manual"), "generating")
    flow.api.rest()
    flow.wake_timer(BRIEF)
    flow.until("b", "choosing")
    delete(flow, BRIEF)
    assert slots(flow) == [BRIEF]
    look_after(flow)
    assert slots(flow) == []


def test_a_request_of_a_deleted_promotion_without_permit_leaves_the_window(flow: Flow) -> None:
    window = keys.WINDOW(DEFAULT, "promote")
    flow.client.zadd(window, {PROMOTION: "+inf"})
    look_after(flow)
    assert flow.client.zcount(window, "+inf", "+inf") == 0
    assert flow.client.zcard(window) == 1


def test_a_deleted_brief_that_is_parked_does_not_hold_its_batch_up(ledger: Ledger, flow: Flow) -> None:
    ledger.set_budget("x", DEFAULT, 0, by="test")
    for brief_id in ("b", "c"):
        flow.accept(brief_id=brief_id, batch="x")
    delete(flow, BRIEF)
    ledger.set_budget("x", DEFAULT, 1_000, by="test")
    assert permits(flow) == ["brief:c"]
    assert flow.client.zcard(keys.PARKED("x")) == 0


def test_what_a_deleted_brief_reserved_is_free_but_for_possible_drafts(
    flow: Flow,
) -> None:
    flow.api.lose_events()
    # Drafts have cost 10 credits each, and each brief asks for two: 70 with its promotion.
    flow.client.hset(keys.RECORD(f"account:{DEFAULT}"), mapping={"drafts_credits": 100, "drafts_made": 10})
    flow.ledger.set_budget("x", DEFAULT, 100, by="test")
    for brief_id in ("d", "e"):
        flow.accept(brief_id=brief_id, batch="x")
    assert flow.until("d", "generating")
    assert flow.client.zrange(keys.PARKED("x"), 0, -1) == ["brief:e"]
    delete(flow, "brief:d")
    flow.api.rest()
    flow.wake_timer("brief:d")
    flow.steps.until(lambda: "brief:d" not in permits(flow))
    assert "brief:e" in permits(flow)
    assert flow.client.hgetall(keys.BATCH_RESERVATIONS("x")) == {"brief:e": "70"}
    assert flow.client.hgetall(keys.RESERVED_BATCHES(DEFAULT)) == {"brief:e": "x"}
    assert flow.client.hget(keys.BUDGET("x"), "spent") == "20"


def test_what_a_deleted_brief_promised_without_a_job_is_all_free_again(flow: Flow) -> None:
    flow.api.lose_events()
    flow.ledger.set_budget("x", DEFAULT, 80, by="test")
    flow.until(flow.accept(brief_id="b", batch="x"), "generating")
    flow.client.hset(keys.RECORD(f"account:{DEFAULT}"), "promote_until", "9" * 13)
    flow.api.rest()
    flow.wake_timer(BRIEF)
    flow.until("b", "promoting")
    drafts = flow.client.hget(keys.BUDGET("x"), "spent")
    flow.accept(brief_id="c", batch="x")
    assert flow.client.zrange(keys.PARKED("x"), 0, -1) == ["brief:c"]
    delete(flow, BRIEF, PROMOTION)
    look_after(flow)
    assert flow.client.hget(keys.BUDGET("x"), "spent") == drafts
    assert (
        flow.client.hkeys(keys.BATCH_RESERVATIONS("x"))
        == flow.client.hkeys(keys.RESERVED_BATCHES(DEFAULT))
        == ["brief:c"]
    )


def test_a_promotion_of_a_deleted_brief_ends_and_tells_nobody(one_job: Flow) -> None:
    flow = one_job
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer(BRIEF)
    flow.steps.run()
    delete(flow, BRIEF)
    told = event_types(flow.client)
    assert flow.steps.run() == ("promote_draft", PROMOTION)
    flow.api.rest()
    flow.wake_timer(PROMOTION)
    assert flow.steps.run() == ("finish_identity", PROMOTION)
    assert flow.promotion("b").state == "ready"
    assert flow.client.ttl(keys.RECORD(PROMOTION)) > 0
    assert event_types(flow.client) == told
    assert permits(flow) == ["brief:c"]
