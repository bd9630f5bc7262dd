"""Steps that are late, doubled or overruled by an operator move nothing that has gone on by another way."""

import pytest
from late_steps import operator, submitting, with_drafts
from own_account import CREATE
from stepping import Flow
from support import event_types

from config import keys
from config.accounts.names import DEFAULT
from worker.ledger.records import Record
from worker.ledger.transition import Answer, Completion, Transition
from worker.lifecycle import journal_entries
from worker.lifecycle.charges import take_apart
from worker.lifecycle.recovery import OperationRefusedError
from worker.views import snapshots


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
