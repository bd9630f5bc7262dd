"""The job of a held brief keeps its permit until it is over, however the API tells of it."""

from typing import Any

from held_briefs import at, state
from own_account import PROMOTE
from processes import ProcessFactory
from stepping import Flow
from support import eventually

from config import durations, keys
from worker.ledger.records import promotion_subject
from worker.ledger.transition import Answer, Transition

ACCOUNT = "default"
SUBJECT = "brief:b"


def test_a_job_of_a_held_brief_keeps_its_permit_until_done(flow: Flow, broken_worker: ProcessFactory) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    worker = broken_worker(BROKEN=SUBJECT)
    flow.wake_timer(SUBJECT)
    assert eventually(flow.client, lambda: state(flow.ledger) == "held")
    assert eventually(flow.client, lambda: not flow.client.hlen(keys.MESSAGES(keys.STEPS)))
    worker.kill()
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    flow.steps.until(lambda: not flow.client.exists(keys.PERMITS(ACCOUNT)))
    assert flow.brief("b").state == "held"
    assert flow.client.zscore(keys.TIMERS(), SUBJECT) is None


def test_a_promote_that_may_have_arrived_keeps_its_permit_when_held(
    flow: Flow, broken_worker: ProcessFactory
) -> None:
    """Its answer was lost, and the step that was to ask again can't be run: the API may be at its job."""
    flow.api.set(preprocessing_median_seconds=100_000)
    subject = promotion_subject("b", 0)
    at(flow, "promotion")
    flow.api.fault("drop_response", path=PROMOTE)
    flow.steps.until(lambda: "promote OutcomeUnknown" in flow.calls("b"))
    flow.end_pauses()
    worker = broken_worker(BROKEN=subject)
    assert eventually(flow.client, lambda: flow.promotion("b").state == "held")
    worker.kill()
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [subject]
    assert flow.api.ledger()["jobs_in_flight"] == 1
    flow.grow_older(subject, 3_600)
    flow.wake_timer(subject)
    flow.steps.until(lambda: not flow.client.exists(keys.PERMITS(ACCOUNT)))
    assert (flow.promotion("b").state, flow.client.zscore(keys.TIMERS(), subject)) == ("held", None)


def test_a_held_job_of_no_account_keeps_its_permit_until_over(flow: Flow) -> None:
    from actors.runtime import runtime

    flow.accept(brief_id="b")
    held = flow.until("b", "generating")
    assert flow.ledger.apply(held, Transition("held", keep_permit=True, timer_ms=60_000)) is Answer.APPLIED
    api = runtime().apis.pop(ACCOUNT)
    try:
        flow.wake_timer(SUBJECT)
        assert flow.steps.run() == ("watch_held", SUBJECT)
        assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
        flow.grow_older(SUBJECT, runtime().unresolved_ms / 1000)
        assert flow.steps.run() == ("watch_held", SUBJECT)
    finally:
        runtime().apis[ACCOUNT] = api
    assert not flow.client.exists(keys.PERMITS(ACCOUNT))


def test_the_identity_of_an_earlier_promote_says_nothing_of_a_held_one(flow: Flow) -> None:
    flow.api.lose_events()
    subject = promotion_subject("b", 0)
    at(flow, "promotion")
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    flow.api.rest()
    for to in ("planned", "promoting"):
        assert flow.ledger.apply(flow.promotion("b"), Transition(to)) is Answer.APPLIED
    assert (
        flow.ledger.apply(flow.promotion("b"), Transition("held", keep_permit=True, timer_ms=60_000))
        is Answer.APPLIED
    )
    flow.wake_timer(subject)
    assert [flow.steps.run() for _ in range(2)] == [("promote_draft", subject), ("watch_held", subject)]
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [subject]


def test_only_the_permit_of_a_held_job_that_is_over_goes_on(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.until("b", "generating")
    flow.ledger.set_limits(ACCOUNT, {"jobs": "1"}, by="test")
    flow.accept(brief_id="c")
    assert flow.ledger.job_over(flow.brief("b")) is Answer.CONFLICT
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
    assert flow.ledger.apply(flow.brief("b"), Transition("held", keep_permit=True)) is Answer.APPLIED
    assert flow.ledger.job_over(flow.brief("b")) is Answer.APPLIED
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == ["brief:c"]


def test_the_end_of_a_held_job_is_not_the_next_ones(flow: Flow) -> None:
    subject = promotion_subject("b", 0)
    at(flow, "promotion")
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    assert flow.ledger.apply(flow.promotion("b"), Transition("held", keep_permit=True)) is Answer.APPLIED
    as_read = flow.promotion("b")
    # While the API was asked about its identity, it was promoted anew, and that step broke.
    for to in ("planned", "promoting"):
        assert flow.ledger.apply(flow.promotion("b"), Transition(to)) is Answer.APPLIED
    assert flow.ledger.apply(flow.promotion("b"), Transition("held", keep_permit=True)) is Answer.APPLIED
    flow.client.hincrby(keys.RECORD(subject), "moved_at", 1)  # a millisecond is all that may tell the two
    assert flow.ledger.job_over(as_read) is Answer.CONFLICT
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [subject]


def watched(flow: Flow) -> Any:
    """Let the watch over the held brief b look; return who holds permits then."""
    flow.wake_timer(SUBJECT)
    assert flow.steps.run() == ("watch_held", SUBJECT)
    return flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1)


def test_a_held_job_unknown_to_the_api_is_over_in_the_end(flow: Flow) -> None:
    flow.accept(brief_id="b")
    generating = flow.until("b", "generating")
    unknown = {"job_id": "job_of_nobody"}
    assert (
        flow.ledger.apply(generating, Transition("held", fields=unknown, keep_permit=True, timer_ms=60_000))
        is Answer.APPLIED
    )
    assert watched(flow) == [SUBJECT]
    flow.grow_older(SUBJECT, flow.settings.api_ms(durations.EARLY_404_SECONDS) / 1000)
    assert watched(flow) == []


def test_a_held_job_that_runs_keeps_its_permit(flow: Flow) -> None:
    flow.api.set(drafts_median_seconds=100_000)
    flow.accept(brief_id="b")
    generating = flow.until("b", "generating")
    assert (
        flow.ledger.apply(generating, Transition("held", keep_permit=True, timer_ms=60_000)) is Answer.APPLIED
    )
    assert watched(flow) == [SUBJECT]


def test_a_held_job_known_in_between_keeps_its_permit_despite_two_misses(
    flow: Flow,
) -> None:
    flow.api.set(drafts_median_seconds=100_000)
    flow.accept(brief_id="b")
    generating = flow.until("b", "generating")
    assert (
        flow.ledger.apply(generating, Transition("held", keep_permit=True, timer_ms=60_000)) is Answer.APPLIED
    )
    for _ in range(2):
        flow.api.refuse("/jobs/*", 404)
        assert watched(flow) == [SUBJECT]
        assert watched(flow) == [SUBJECT], "it runs"
        flow.grow_older(SUBJECT, flow.settings.api_ms(durations.EARLY_404_SECONDS) / 1000)


def test_a_held_job_that_web_pages_answer_for_keeps_its_permit(flow: Flow) -> None:
    flow.accept(brief_id="b")
    held = flow.until("b", "generating")
    assert flow.ledger.apply(held, Transition("held", keep_permit=True, timer_ms=60_000)) is Answer.APPLIED
    flow.api.rest()
    flow.api.answer_by_pages()
    for _ in range(3):
        assert watched(flow) == [SUBJECT]
        flow.grow_older(SUBJECT, flow.settings.api_ms(durations.EARLY_404_SECONDS) / 1000)
    assert "set PIKTID_API_URL right" in flow.pauses()["pause"]
    flow.api.sandbox.clear_faults()
    assert watched(flow) == []


def test_a_held_job_that_cannot_be_read_keeps_its_permit(flow: Flow) -> None:
    flow.accept(brief_id="b")
    generating = flow.until("b", "generating")
    flow.api.rest()
    assert (
        flow.ledger.apply(generating, Transition("held", keep_permit=True, timer_ms=60_000)) is Answer.APPLIED
    )
    flow.api.refuse("/jobs/*", 503)
    assert watched(flow) == [SUBJECT]
    assert watched(flow) == []


def test_the_identity_of_a_held_promotion_tells_when_its_job_is_over(flow: Flow) -> None:
    flow.api.lose_events()
    subject = promotion_subject("b", 0)
    at(flow, "promotion")
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    assert (
        flow.ledger.apply(flow.promotion("b"), Transition("held", keep_permit=True, timer_ms=60_000))
        is Answer.APPLIED
    )
    flow.api.rest()
    flow.wake_timer(subject)
    flow.steps.until(lambda: not flow.client.exists(keys.PERMITS(ACCOUNT)))
    assert flow.promotion("b").state == "held"
