"""Steps that hold what they have read, while others move the brief."""

from stepping import Flow

from worker.ledger.records import Record
from worker.ledger.transition import Answer, Transition
from worker.lifecycle import journal_entries
from worker.operations.operator import Operator


def operator(flow: Flow) -> Operator:
    return Operator(flow.client, flow.settings, "the test")


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
