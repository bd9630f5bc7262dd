"""A brief that is cancelled ends at once or after its call, in each state that there is."""

from collections.abc import Iterable

import pytest
from cancelled_briefs import assert_nothing_is_kept
from stepping import Flow

from config import keys
from worker.ledger.records import promotion_subject
from worker.ledger.states import BRIEF, PROMOTION
from worker.ledger.transition import Answer, Completion, Transition
from worker.lifecycle.recovery import OperationRefusedError
from worker.operations.operator import Operator

ACCOUNT = "default"
SUBJECT = "brief:b"

#: What becomes of a cancelled brief by the state that it, or its one promotion, is in.
AT_ONCE = {"preparing", "waiting", "choosing", "held", "planned"}
LATER = {"submitting", "uncertain", "generating", "promoting", "preprocessing"}
OVER = {"done", "ready", "failed", "cancelled"}
#: How a record comes to each state: the moves from its first one.
GENERATING = ("submitting", "generating")
BRIEFS: dict[str, tuple[str, ...]] = {
    "preparing": (),
    "waiting": (),
    "submitting": ("submitting",),
    "uncertain": ("submitting", "uncertain"),
    "generating": GENERATING,
    "choosing": (*GENERATING, "choosing"),
    "held": ("submitting", "uncertain", "held"),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}
PROMOTIONS: dict[str, tuple[str, ...]] = {
    "planned": (),
    "promoting": ("promoting",),
    "preprocessing": ("promoting", "preprocessing"),
    "held": ("held",),
    "ready": ("promoting", "preprocessing", "ready"),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}


def test_cancelling_is_tried_in_every_state() -> None:
    # How a brief ends in the other two, its promotions tell.
    assert set(BRIEF) == {*BRIEFS, "promoting", "done"}
    assert set(PROMOTIONS) == set(PROMOTION)
    assert set(BRIEF) | set(PROMOTION) == AT_ONCE | LATER | OVER


def walk(flow: Flow, subject: str, moves: Iterable[str]) -> None:
    for state in moves:
        # Whatever call was under way has been answered by then.
        completion = None if state in ("submitting", "promoting") else Completion.COUNTED
        assert (
            flow.ledger.apply(flow.record(subject), Transition(state, completion=completion))
            is Answer.APPLIED
        )


def cancel(flow: Flow) -> Answer | None:
    """Cancel the brief b; None when that is refused."""
    try:
        return Operator(flow.client, flow.settings, "a person").cancel(flow.brief("b"))
    except OperationRefusedError:
        return None


@pytest.mark.parametrize("state", BRIEFS)
def test_a_brief_in_any_state_ends_at_once_or_after_its_call(flow: Flow, state: str) -> None:
    asset = {"file": "https://example.com/ada.png"}
    pictures = [{"prompt": "A face.", "input_assets": [asset]}]
    flow.accept(brief_id="b", **({"instructions": pictures} if state == "preparing" else {}))
    walk(flow, SUBJECT, BRIEFS[state])
    assert flow.brief("b").state == state
    answer = cancel(flow)
    if state in OVER:
        assert answer == (Answer.DUPLICATE if state == "cancelled" else None)
        assert flow.brief("b").state == state
        return
    assert answer is Answer.APPLIED
    assert flow.brief("b").state == (state if state in LATER else "cancelled")
    if state in LATER:
        assert cancel(flow) is Answer.DUPLICATE
        walk(flow, SUBJECT, [{"submitting": "waiting", "uncertain": "held", "generating": "choosing"}[state]])
    assert flow.brief("b").state == "cancelled"
    assert_nothing_is_kept(flow.client)


@pytest.mark.parametrize("state", PROMOTIONS)
def test_a_promotion_in_any_state_ends_at_once_or_when_over(flow: Flow, state: str) -> None:
    flow.accept(brief_id="b")
    walk(flow, SUBJECT, BRIEFS["choosing"])
    draft = {"instruction": "0", "candidates": '[{"image_result_id": 1, "url": "u"}]', "tried": "0"}
    assert flow.ledger.plan("b", [draft]) is Answer.APPLIED
    subject = promotion_subject("b", 0)
    walk(flow, subject, PROMOTIONS[state])
    answer = cancel(flow)
    if state in LATER:
        assert (answer, flow.record(subject).state) == (Answer.APPLIED, state)
        walk(flow, subject, ["planned" if state == "promoting" else "ready"])
        # What was bought is finished; nothing was stopped.
        assert flow.brief("b").state == ("cancelled" if state == "promoting" else "done")
    else:
        assert answer == {"ready": None, "failed": None, "cancelled": Answer.DUPLICATE}.get(
            state, Answer.APPLIED
        )
        assert flow.brief("b").state == {"ready": "done", "failed": "failed"}.get(state, "cancelled")
    assert_nothing_is_kept(flow.client)


def test_what_a_cancelled_brief_frees_starts_who_waited_for_it(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.ledger.set_limits(ACCOUNT, {"jobs": "1"}, by="test")
    flow.accept(brief_id="c")
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
    assert cancel(flow) is Answer.APPLIED
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == ["brief:c"]


def test_a_brief_that_went_on_since_it_was_read_is_cancelled_there(flow: Flow) -> None:
    flow.accept(brief_id="b")
    as_read = flow.brief("b")
    walk(flow, SUBJECT, ["submitting"])
    assert Operator(flow.client, flow.settings, "a person").cancel(as_read) is Answer.APPLIED
    walk(flow, SUBJECT, ["waiting"])
    assert flow.brief("b").state == "cancelled"


def test_a_brief_that_ended_since_it_was_read_is_not_cancelled(flow: Flow) -> None:
    flow.accept(brief_id="b")
    as_read = flow.brief("b")
    walk(flow, SUBJECT, ["failed"])
    with pytest.raises(OperationRefusedError, match="has moved meanwhile"):
        Operator(flow.client, flow.settings, "a person").cancel(as_read)
    assert (flow.brief("b").state, flow.brief("b").get("wish"), flow.calls("b")) == ("failed", None, [])
