"""Steps that are late, doubled or overruled by an operator move nothing that has gone on by another way."""

import pytest
from own_account import CREATE, PROMOTE
from stepping import Flow
from support import event_types

from benchmarks.caps.virtual import admission
from config import keys
from config.accounts import DEFAULT
from worker.briefs.envelope import Choose
from worker.ledger.records import Record
from worker.ledger.transition import Answer, Completion, Pause, Transition
from worker.lifecycle import choosing, journal_entries, record_fields
from worker.lifecycle.charges import take_apart
from worker.lifecycle.recovery import OperationRefusedError
from worker.operations.operator import Operator
from worker.views import snapshots

POST_PROMOTE = f"POST {PROMOTE}"


def operator(flow: Flow) -> Operator:
    return Operator(flow.client, flow.settings, "the test")


def retry(flow: Flow) -> str:
    return operator(flow).retry(flow.brief("b"), take_apart(snapshots.journal(flow.client, "b")))


def job_of(flow: Flow) -> str:
    (job,) = flow.api.ledger()["jobs"]
    return str(job["job_id"])


def adopted(flow: Flow, subject: Record, job: str) -> Answer:
    """Let an uncertain create be found to have made a job."""
    return flow.ledger.apply(
        subject, Transition("generating", fields={"job_id": job}, jobs=[job], unowned=True, timer_ms=1)
    )


def accepted(flow: Flow, attempt: Record, job: str) -> Answer:
    """Record the answer of a create as its step does."""
    outcome = journal_entries.outcome("create", attempt, "accepted", job_id=job)
    return flow.ledger.apply(
        attempt,
        Transition(
            "generating",
            fields={"job_id": job},
            completion=Completion.COUNTED,
            journal=outcome,
            jobs=[job],
            unowned=True,
            timer_ms=1,
            paid=True,
            also_from=("uncertain", "held"),
        ),
    )


def submitting(flow: Flow, brief_id: str = "b") -> Record:
    """Let a worker claim the create of a new brief; return the record that it holds."""
    flow.accept(brief_id=brief_id)
    attempt = flow.brief(brief_id)
    intent = journal_entries.intended("create", attempt, attempt.json("body"))
    assert (
        flow.ledger.apply(attempt, Transition("submitting", journal=intent, timer_ms=1_000_000))
        is Answer.APPLIED
    )
    return attempt


def with_drafts(flow: Flow) -> None:
    """Take the brief b to where its drafts are there, but not yet looked for."""
    flow.accept(brief_id="b")
    flow.until("b", "generating")
    flow.api.rest()
    flow.wake_timer("brief:b")


# --- overruled by an operator ------------------------------------------------------------------------------


def test_a_brief_given_up_promotes_nothing_when_its_job_is_found(flow: Flow) -> None:
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.until("b", "uncertain")
    operator(flow).give_up(flow.brief("b"), "nothing")
    assert adopted(flow, flow.brief("b"), job_of(flow)) is Answer.APPLIED
    flow.api.rest()
    flow.wake_timer("brief:b")
    flow.until("b", "failed", "promoting")
    assert flow.brief("b").state == "failed"
    assert not flow.client.exists(keys.RECORD("promotion:b#0"), keys.PERMITS(DEFAULT), keys.SLOTS(DEFAULT))
    assert event_types(flow.client, "b")[-1] == "identity.brief.failed"


def test_a_brief_that_was_given_up_comes_back_by_retry(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.ledger.apply(flow.brief("b"), Transition("held", fields={"question": "q", "evidence": "{}"}))
    operator(flow).give_up(flow.brief("b"), "nothing")
    assert flow.brief("b").state == "failed"
    assert retry(flow) == flow.brief("b").state == "waiting"
    assert flow.brief("b").get("wish") is None


def test_a_brief_refused_while_being_cancelled_comes_back_by_retry(flow: Flow) -> None:
    attempt = submitting(flow)
    operator(flow).cancel(flow.brief("b"))
    refused = journal_entries.outcome("create", attempt, "Invalid", message="400: no")
    flow.ledger.apply(
        attempt,
        Transition("failed", completion=Completion.COUNTED, journal=refused, fields={"error": "400: no"}),
    )
    assert flow.brief("b").state == "failed"
    assert retry(flow) == flow.brief("b").state == "waiting"


def test_a_given_up_brief_with_files_is_prepared_again_by_retry(flow: Flow) -> None:
    asset = {"prompt": "A face.", "input_assets": [{"file": "mood.png"}]}
    flow.accept(brief_id="b", instructions=[asset])
    flow.ledger.apply(flow.brief("b"), Transition("held", fields={"question": "q", "evidence": "{}"}))
    operator(flow).give_up(flow.brief("b"), "nothing")
    assert retry(flow) == flow.brief("b").state == "preparing"


def test_the_late_success_of_a_given_up_brief_leaves_it_ended(flow: Flow) -> None:
    attempt = submitting(flow)
    flow.ledger.apply(flow.brief("b"), Transition("uncertain", completion=Completion.COUNTED))
    flow.ledger.apply(flow.brief("b"), Transition("held", fields={"question": "?"}))
    operator(flow).give_up(flow.brief("b"), "nothing")
    assert accepted(flow, attempt, "job_1") is Answer.CONFLICT
    assert flow.brief("b").state == "failed"
    assert snapshots.journal(flow.client, "b")[-1]["late"] is True
    with pytest.raises(OperationRefusedError, match="has a job"):
        retry(flow)


# --- late, or at the same time -----------------------------------------------------------------------------


def test_the_late_success_of_a_brief_that_asks_answers_the_question(flow: Flow) -> None:
    attempt = submitting(flow)
    flow.ledger.apply(flow.brief("b"), Transition("uncertain", completion=Completion.COUNTED))
    flow.ledger.apply(flow.brief("b"), Transition("held", fields={"question": "?"}))
    assert accepted(flow, attempt, "job_1") is Answer.APPLIED
    assert flow.brief("b").state == "generating"


@pytest.mark.parametrize("to", ["waiting", "uncertain", "failed"])
def test_no_late_refusal_moves_a_brief_that_asks_for_its_job(flow: Flow, to: str) -> None:
    attempt = submitting(flow)
    flow.ledger.apply(flow.brief("b"), Transition("uncertain", completion=Completion.COUNTED))
    flow.ledger.apply(flow.brief("b"), Transition("held", fields={"question": "?"}))
    late = flow.ledger.apply(
        attempt, Transition(to, completion=Completion.NEVER_LEFT, also_from=("uncertain",))
    )
    assert late is Answer.CONFLICT
    assert flow.brief("b").state == "held"


def test_a_step_without_drafts_does_not_fail_a_brief_that_moved_on(flow: Flow) -> None:
    with_drafts(flow)
    stale = flow.brief("b")
    flow.until("b", "promoting")
    assert flow.ledger.apply(stale, Transition("failed", fields={"error": "404"})) is Answer.CONFLICT
    assert flow.brief("b").state == "promoting"


def test_a_job_another_brief_has_adopted_is_not_this_ones_too(flow: Flow) -> None:
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="a")
    flow.until("a", "uncertain")
    attempt = submitting(flow)
    assert adopted(flow, flow.brief("a"), "job_x") is Answer.APPLIED
    assert accepted(flow, attempt, "job_x") is Answer.CONFLICT
    assert flow.brief("b").get("job_id") is None


# --- a promote of unknown outcome --------------------------------------------------------------------------


def unknown_promote(flow: Flow) -> None:
    """Take the brief b to where the answer to its promote was lost."""
    with_drafts(flow)
    flow.api.fault("drop_response", path=PROMOTE)
    flow.steps.until(lambda: "promote OutcomeUnknown" in flow.calls("b"))


def test_a_promote_that_may_have_arrived_keeps_its_permit_and_goes_first(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.ledger.set_limits(DEFAULT, {"jobs": "1"}, "the test")
    flow.api.set(preprocessing_median_seconds=100_000)
    flow.accept(brief_id="c")
    flow.until("b", "generating")
    flow.api.rest()
    flow.wake_timer("brief:b")
    flow.api.fault("drop_response", path=PROMOTE)
    flow.steps.until(lambda: "promote OutcomeUnknown" in flow.calls("b"))
    promotion = "promotion:b#0"
    assert (flow.promotion("b").state, flow.client.zrange(keys.PERMITS(DEFAULT), 0, -1)) == (
        "planned",
        [promotion],
    )
    assert flow.brief("c").state == "waiting"
    flow.functions.run(admission(DEFAULT))
    assert flow.client.zcard(keys.PERMITS(DEFAULT)) == 1
    flow.end_pauses()
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    assert flow.api.ledger()["jobs_in_flight"] == 1
    assert flow.calls("b")[-1] == "promote already promoted"


def test_a_promote_that_may_have_arrived_passes_who_goes_first(flow: Flow) -> None:
    flow.accept(brief_id="c", choose="manual", priority=9)
    flow.until("c", "generating")
    flow.api.rest()
    flow.wake_timer("brief:c")
    flow.until("c", "choosing")
    unknown_promote(flow)
    flow.ledger.set_limits(DEFAULT, {"jobs": "1"}, "the test")
    chosen = choosing.choose((Choose.FIRST,), record_fields.drafts_of(flow.brief("c")))
    assert chosen is not None
    flow.ledger.plan("c", [each.fields() for each in chosen])
    flow.end_pauses()
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")


def test_a_promote_that_may_have_arrived_keeps_its_permit_when_withdrawn(
    flow: Flow,
) -> None:
    unknown_promote(flow)
    attempt = submitting(flow, "c")
    flow.end_pauses()
    assert flow.promotion("b").attempt == 2
    flow.ledger.apply(
        attempt, Transition("waiting", completion=Completion.COUNTED, pause=Pause("pause", 60_000, "401"))
    )
    assert flow.client.zrange(keys.PERMITS(DEFAULT), 0, -1) == ["promotion:b#0"]
    flow.end_pauses()
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")


def test_a_promote_that_may_have_arrived_needs_no_second_slot(flow: Flow) -> None:
    unknown_promote(flow)
    taken = {f"code{number}": 1 for number in range(50)}
    flow.client.zadd(keys.IDENTITIES(DEFAULT), taken)
    flow.end_pauses()
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")


def test_a_brief_cancelled_after_a_doubtful_promote_ends_with_its_job(
    flow: Flow,
) -> None:
    unknown_promote(flow)
    operator(flow).cancel(flow.brief("b"))
    assert (flow.brief("b").state, flow.promotion("b").state) == ("held", "held")
    assert flow.client.zrange(keys.PERMITS(DEFAULT), 0, -1) == ["promotion:b#0"]
    flow.grow_older("promotion:b#0", 3_600)
    flow.until("b", "cancelled")
    assert flow.api.requests(POST_PROMOTE) == 1
    assert not flow.client.exists(
        keys.PERMITS(DEFAULT), keys.SLOTS(DEFAULT), keys.WAITING(DEFAULT, "promote")
    )


def test_a_promote_to_be_cancelled_while_under_way_is_not_repeated(flow: Flow) -> None:
    with_drafts(flow)
    flow.until("b", "promoting")
    attempt = flow.promotion("b")
    assert flow.ledger.apply(attempt, Transition("promoting", timer_ms=1_000_000)) is Answer.APPLIED
    operator(flow).cancel(flow.brief("b"))
    assert flow.promotion("b").state == "promoting"
    flow.ledger.apply(attempt, Transition("planned", completion=Completion.COUNTED, keep_permit=True))
    assert flow.promotion("b").state == "held"
    flow.grow_older("promotion:b#0", 3_600)
    flow.until("b", "cancelled")
    assert flow.api.requests(POST_PROMOTE) == 0
