"""Where a record goes at a retry, by how far it was when its step broke or it failed."""

from typing import Any

import pytest
from own_account import CREATE, PROMOTE
from stepping import Flow
from stopped_briefs import said

from config import keys
from worker.ledger import commands
from worker.ledger.records import promotion_subject
from worker.ledger.transition import Answer, Completion, Move, Note, Transition
from worker.lifecycle import journal_entries
from worker.lifecycle.charges import take_apart
from worker.lifecycle.recovery import OperationRefusedError, way_back
from worker.lifecycle.transitions import AT_ONCE
from worker.operations.operator import Operator
from worker.views import snapshots

ACCOUNT = "default"
SUBJECT = "brief:b"
#: What is on a record whose step no worker could run.
BROKE = {"question": "its step could not be run", "error": "a bug of ours", "evidence": "{}"}
FILES: dict[str, Any] = {"instructions": [{"prompt": "A face.", "input_assets": [{"file": "mood.png"}]}]}


def retried(flow: Flow) -> str:
    """Retry the brief b; return the state that it goes to."""
    journal = take_apart(snapshots.journal(flow.client, "b"))
    return Operator(flow.client, flow.settings, "a person").retry(flow.brief("b"), journal)


def looked_at_in(flow: Flow, subject: str) -> int | None:
    """Return how many ms after its move a record's step is due, None when it has no timer."""
    due = flow.client.zscore(keys.TIMERS(), subject)
    return None if due is None else int(due) - int(flow.record(subject).fields["moved_at"])


def held(flow: Flow, subject: str = SUBJECT, **more: Any) -> None:
    """Hold a record as one whose step no worker could run."""
    assert flow.ledger.apply(flow.record(subject), Transition("held", fields=BROKE, **more)) is Answer.APPLIED


def promoting(flow: Flow, promotions: int = 1) -> list[str]:
    """Take the brief b to so many planned promotions, its job over; return their subjects."""
    flow.accept(brief_id="b", choose="all")
    for state in ("submitting", "generating", "choosing"):
        assert (
            flow.ledger.apply(flow.brief("b"), Transition(state, completion=Completion.COUNTED))
            is Answer.APPLIED
        )
    draft = {"instruction": "0", "candidates": '[{"image_result_id": 1, "url": "u"}]', "tried": "0"}
    assert flow.ledger.plan("b", [draft] * promotions) is Answer.APPLIED
    return [promotion_subject("b", number) for number in range(promotions)]


def test_a_brief_that_is_done_in_all_its_parts_is_not_retried(flow: Flow) -> None:
    (promotion,) = promoting(flow)
    for state in ("promoting", "preprocessing", "ready"):
        flow.ledger.apply(flow.record(promotion), Transition(state, completion=Completion.COUNTED))
    with pytest.raises(OperationRefusedError, match="is done: nothing of it has stopped"):
        retried(flow)
    assert flow.brief("b").state == "done"


@pytest.mark.parametrize("stopped", ["held", "failed", "failed without a usable draft"])
def test_a_brief_that_has_a_job_looks_at_it_at_once(flow: Flow, stopped: str) -> None:
    flow.accept(brief_id="b")
    brief = flow.until("b", "generating")
    fields = (
        {} if stopped == "held" else {"drafts": '[{"image_result_id": 1, "url": null, "status": "failed"}]'}
    )
    to = stopped.split()[0]
    assert flow.ledger.apply(brief, Transition(to, fields=BROKE | fields)) is Answer.APPLIED
    assert retried(flow) == flow.brief("b").state == "generating"
    assert looked_at_in(flow, SUBJECT) == AT_ONCE
    assert flow.api.requests(f"POST {CREATE}") == 1


def test_a_brief_that_broke_before_its_create_waits_for_its_permits_again(flow: Flow) -> None:
    flow.accept(brief_id="b")
    held(flow)
    assert retried(flow) == flow.brief("b").state == "waiting"
    assert flow.until("b", "generating")


def test_an_identity_whose_step_broke_is_looked_at_not_promoted_again(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.until("b", "generating")
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    flow.until("b", "promoting")
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    promotion = promotion_subject("b", 0)
    held(flow, promotion, keep_permit=True)
    assert retried(flow) == flow.promotion("b").state == "preprocessing"
    assert looked_at_in(flow, promotion) == AT_ONCE
    flow.api.rest()
    flow.wake_timer(promotion)
    assert flow.finish("b").state == "done"
    assert flow.api.requests(f"POST {PROMOTE}") == 1


def test_a_promote_that_may_have_arrived_keeps_its_permit_until_repeated(flow: Flow) -> None:
    (promotion,) = promoting(flow)
    assert flow.ledger.apply(flow.record(promotion), Transition("promoting")) is Answer.APPLIED
    flow.ledger.set_limits(ACCOUNT, {"promote_per_minute": "1"}, by="test")
    # Without an end: a minute of the API's is 300 ms here.
    flow.client.zadd(keys.WINDOW(ACCOUNT, "promote"), {"another": "inf"})
    held(flow, promotion, keep_permit=True, completion=Completion.COUNTED)
    assert retried(flow) == flow.record(promotion).state == "planned"
    assert flow.client.zrange(keys.WAITING(ACCOUNT, "promote"), 0, -1) == [promotion]
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [promotion]


def test_what_a_promotion_that_failed_went_through_counts_no_more(flow: Flow) -> None:
    ready, failed = promoting(flow, 2)
    for state in ("promoting", "preprocessing", "ready"):
        flow.ledger.apply(flow.record(ready), Transition(state, completion=Completion.COUNTED))
    seen = {"repeated": "1", "error": "no face", "tried": "1"}
    assert flow.ledger.apply(flow.record(failed), Transition("failed", fields=seen)) is Answer.APPLIED
    assert flow.brief("b").state == "done"
    assert retried(flow) == "promoting"
    again = flow.record(failed)
    assert [again.get(field) for field in seen] == [None, None, "0"]


def test_a_preparation_that_failed_is_begun_anew_with_all_its_tries(flow: Flow) -> None:
    flow.accept(brief_id="b", **FILES)
    begun = {"doing": "upload", "turn": "1", "tries": "9"}
    assert flow.ledger.note(flow.brief("b"), Note(when={}, fields=begun)) is Answer.APPLIED
    held(flow)
    assert retried(flow) == flow.brief("b").state == "preparing"
    assert looked_at_in(flow, SUBJECT) == AT_ONCE
    assert [flow.brief("b").get(field) for field in ("doing", "tries")] == [None, None]


def test_a_photo_whose_description_may_be_paid_is_not_described_again(flow: Flow) -> None:
    flow.accept(brief_id="b", **FILES)
    intent = journal_entries.intended("extract", flow.brief("b"), {}, attempt=1)
    assert flow.ledger.note(flow.brief("b"), Note(when={}, journal=intent)) is Answer.APPLIED
    assert (
        flow.ledger.apply(flow.brief("b"), Transition("failed", fields={"error": "given up"}))
        is Answer.APPLIED
    )
    with pytest.raises(OperationRefusedError, match="may have been paid for"):
        retried(flow)
    assert flow.brief("b").state == "failed"


@pytest.mark.parametrize("where", ["uncertain", "preparing"])
def test_a_brief_that_broke_where_others_ask_has_no_question(flow: Flow, where: str) -> None:
    flow.accept(brief_id="b", **(FILES if where == "preparing" else {}))
    for state in ("submitting", "uncertain") if where == "uncertain" else ():
        assert (
            flow.ledger.apply(flow.brief("b"), Transition(state, completion=Completion.COUNTED))
            is Answer.APPLIED
        )
    held(flow)
    with pytest.raises(OperationRefusedError, match="no paid call of it is in question"):
        Operator(flow.client, flow.settings, "a person").resend(flow.brief("b"))
    assert retried(flow) == flow.brief("b").state == where
    assert looked_at_in(flow, SUBJECT) == AT_ONCE


def test_a_promote_under_way_is_not_repeated_by_who_read_held(flow: Flow) -> None:
    first, second = promoting(flow, 2)
    held(flow, first)
    held(flow, second)
    as_read = [flow.record(each) for each in (first, second)]
    brief = flow.brief("b")
    moves = way_back(brief, as_read, take_apart([]))
    # Somebody who knew of the first alone: the brief stays where it was.
    when = {"moved_at": brief.fields["moved_at"], "state": "held"}
    only: Any = {"brief": "b", "when": when, "journal": {"what": "retry"}}
    assert flow.functions.run(commands.retry(moves=moves[:1], **only)) == "applied"
    assert flow.ledger.apply(flow.record(first), Transition("promoting")) is Answer.APPLIED
    assert flow.brief("b").fields["moved_at"] == brief.fields["moved_at"]
    assert flow.functions.run(commands.retry(moves=moves, **only)) == "conflict"
    assert [flow.record(each).state for each in (first, second)] == ["promoting", "held"]


def test_a_retry_with_one_move_that_is_refused_makes_none_of_them(flow: Flow) -> None:
    first, second = promoting(flow, 2)
    held(flow, first)
    ends = {first: "planned", second: "ready"}
    moves = [Move(flow.record(each), Transition(to)) for each, to in ends.items()]
    answer = flow.functions.run(commands.retry("b", moves=moves, journal={"what": "retry"}))
    assert answer is Answer.CONFLICT
    assert [flow.record(each).state for each in (first, second)] == ["held", "planned"]
    assert said(flow) == []
