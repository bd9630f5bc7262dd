"""`identity-worker cancel`: briefs end wherever they are, with what was paid for them said."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
import redis
from commandline import Command
from own_account import CREATE, PROMOTE
from stepping import Flow
from support import event_types, events

from cli.shared.options import person
from config import keys
from worker.ledger.records import Record, promotion_subject
from worker.ledger.states import BRIEF, PROMOTION
from worker.ledger.transition import Answer, Completion, Transition
from worker.lifecycle.recovery import OperationRefusedError
from worker.operations.operator import Operator

ACCOUNT = "default"
SUBJECT = "brief:b"
MANUAL = {"choose": "manual"}
TWO: dict[str, Any] = {"choose": "all"}


def assert_nothing_is_kept(client: "redis.Redis") -> None:
    """Nothing of an account is taken any more, and nothing of it waits."""
    taken = (keys.PERMITS, keys.SLOTS)
    assert not client.exists(*(key(ACCOUNT) for key in taken), keys.HELD_BRIEFS(), keys.UNFINISHED())
    for endpoint in ("create", "promote"):
        assert not client.exists(keys.WAITING(ACCOUNT, endpoint))
        assert client.zcount(keys.WINDOW(ACCOUNT, endpoint), "+inf", "+inf") == 0


def cancelled(flow: Flow) -> dict[str, Any]:
    """The data of the brief's last event, which must be that it was cancelled."""
    last = events(flow.client, "b")[-1]
    assert last["type"] == "identity.brief.cancelled"
    return dict(last["data"])


def at_draft(flow: Flow, **fields: Any) -> None:
    """Take the brief b to where its job is over and the step that fetches its drafts is queued."""
    flow.accept(brief_id="b", **fields)
    flow.steps.run()
    flow.api.rest()


def test_a_brief_that_was_not_begun_ends_at_once_and_costs_nothing(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="b")
    answer = command("cancel", "b")
    assert (answer.returncode, answer.stdout) == (0, "b: cancelled; paid so far: nothing\n")
    assert flow.brief("b").state == "cancelled"
    assert cancelled(flow)["credits"] == 0
    assert_nothing_is_kept(flow.client)
    flow.steps.run()
    assert flow.api.requests(f"POST {CREATE}") == 0


@pytest.mark.parametrize("state", ["choosing", "held", "preparing"])
def test_what_nothing_is_under_way_for_ends_at_once(command: Command, flow: Flow, state: str) -> None:
    if state == "choosing":
        at_draft(flow, **MANUAL)
        flow.wake_timer(SUBJECT)
        flow.until("b", "choosing")
    elif state == "held":
        flow.api.fault("drop_response", path=CREATE)
        flow.accept(brief_id="b")
        flow.steps.run()
        assert (
            flow.ledger.apply(flow.brief("b"), Transition("held", fields={"question": "?"})) is Answer.APPLIED
        )
    else:
        asset = {"file": "https://example.com/ada.png"}
        flow.accept(brief_id="b", instructions=[{"prompt": "A face.", "input_assets": [asset]}])
    assert flow.brief("b").state == state
    assert command("cancel", "b").returncode == 0
    assert flow.brief("b").state == "cancelled"
    assert_nothing_is_kept(flow.client)


def test_a_job_under_way_is_waited_for_and_no_draft_promoted(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    answer = command("cancel", "b")
    assert answer.returncode == 0
    for shown in (command("status", "b"), command("why", "b")):
        assert f"cancelled by {person()}; nothing more is bought for it" in shown.stdout
    assert "it ends when what is under way is over (it is generating)" in answer.stdout
    assert flow.client.zcard(keys.PERMITS(ACCOUNT)) == 1
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    flow.until("b", "cancelled")
    brief = flow.brief("b")
    assert len(brief.json("drafts")) == 2
    assert cancelled(flow)["credits"] == float(brief.fields["credits_used"]) > 0
    assert "identity.drafts.ready" not in event_types(flow.client, "b")
    assert_nothing_is_kept(flow.client)
    again = command("cancel", "b")
    assert (again.returncode, "as was said before" in again.stdout) == (0, True)
    assert f"paid so far: {brief.fields['credits_used']} credits" in again.stdout


@pytest.mark.parametrize("to", ["waiting", "uncertain", "generating"])
def test_a_create_under_way_is_recorded_and_then_ends(command: Command, flow: Flow, to: str) -> None:
    flow.accept(brief_id="b")
    brief = flow.brief("b")
    assert flow.ledger.apply(brief, Transition("submitting")) is Answer.APPLIED
    assert command("cancel", "b").returncode == 0
    assert flow.brief("b").state == "submitting"
    assert (
        flow.ledger.apply(brief, Transition(to, completion=Completion.COUNTED, timer_ms=60_000, paid=True))
        is Answer.APPLIED
    )
    if to == "waiting":
        assert flow.brief("b").state == "cancelled"
        return
    assert flow.brief("b").state == to
    end = {"uncertain": "held", "generating": "choosing"}[to]
    assert flow.ledger.apply(brief, Transition(end)) is Answer.APPLIED
    assert flow.brief("b").state == "cancelled"
    assert_nothing_is_kept(flow.client)


def promoting(flow: Flow) -> list[Record]:
    """Take the brief b to two planned promotions; return them."""
    flow.api.set(promote_per_minute=100)
    at_draft(flow, **TWO)
    flow.wake_timer(SUBJECT)
    flow.until("b", "promoting")
    return [flow.promotion("b", number) for number in (0, 1)]


def test_planned_promotions_are_not_bought_and_those_that_are_get_finished(
    command: Command, flow: Flow
) -> None:
    promoting(flow)
    flow.steps.run()
    assert [flow.promotion("b", number).state for number in (0, 1)] == ["preprocessing", "planned"]
    assert command("cancel", "b").returncode == 0
    assert [flow.promotion("b", number).state for number in (0, 1)] == ["preprocessing", "cancelled"]
    flow.api.rest()
    flow.wake_timer(promotion_subject("b", 0))
    flow.until("b", "cancelled")
    told = cancelled(flow)
    assert [each["state"] for each in told["promotions"]] == ["ready", "cancelled"]
    assert told["credits"] == float(flow.brief("b").fields["credits_used"]) + 50
    assert flow.api.requests(f"POST {PROMOTE}") == 1
    assert_nothing_is_kept(flow.client)


def test_a_brief_whose_identities_were_all_bought_is_done(command: Command, flow: Flow) -> None:
    promoting(flow)
    flow.steps.run()
    flow.steps.run()
    answer = command("cancel", "b")
    assert "it ends when what is under way is over (it is promoting)" in answer.stdout
    flow.api.rest()
    for number in (0, 1):
        flow.wake_timer(promotion_subject("b", number))
    assert flow.finish("b").state == "done"


def test_a_promotion_that_comes_back_from_the_api_is_not_sent_again(command: Command, flow: Flow) -> None:
    first, _ = promoting(flow)
    assert flow.ledger.apply(first, Transition("promoting")) is Answer.APPLIED
    assert command("cancel", "b").returncode == 0
    assert flow.brief("b").state == "promoting"
    assert (
        flow.ledger.apply(first, Transition("planned", completion=Completion.COUNTED, paid=True))
        is Answer.APPLIED
    )
    assert flow.promotion("b").state == "cancelled"
    assert flow.brief("b").state == "cancelled"
    assert_nothing_is_kept(flow.client)


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


def test_a_batch_is_cancelled_but_for_what_is_finished(command: Command, flow: Flow) -> None:
    for brief_id in ("a", "b", "c"):
        flow.accept(brief_id=brief_id, batch="spring")
    flow.accept(brief_id="other", batch="autumn")
    flow.ledger.apply(flow.brief("c"), Transition("failed", fields={"error": "no"}))
    answer = command("cancel", "--batch", "spring", "--json")
    assert answer.returncode == 0
    told = {each["brief_id"]: each["state"] for each in json.loads(answer.stdout)}
    assert told == {"a": "cancelled", "b": "cancelled"}
    assert (flow.brief("c").state, flow.brief("other").state) == ("failed", "waiting")


def test_what_is_finished_is_not_cancelled(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="b", priority=1000)
    answer = command("cancel", "b")
    assert answer.returncode == 1
    assert "brief b is failed: there is nothing left to cancel" in answer.stderr


@pytest.mark.parametrize("arguments", [(), ("b", "--batch", "spring")])
def test_it_is_told_what_to_cancel_in_one_way(command: Command, arguments: tuple[str, ...]) -> None:
    assert command("cancel", *arguments).returncode == 2
