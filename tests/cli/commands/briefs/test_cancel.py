"""`identity-worker cancel`: briefs end wherever they are, with what was paid for them said."""

import json
from typing import Any

import pytest
from cancelled_briefs import assert_nothing_is_kept, at_draft
from commandline import Command
from own_account import CREATE, PROMOTE
from stepping import Flow
from support import event_types, events

from cli.shared.options import person
from config import keys
from worker.ledger.records import Record, promotion_subject
from worker.ledger.transition import Answer, Completion, Transition

ACCOUNT = "default"
SUBJECT = "brief:b"
MANUAL = {"choose": "manual"}
TWO: dict[str, Any] = {"choose": "all"}


def cancelled(flow: Flow) -> dict[str, Any]:
    """The data of the brief's last event, which must be that it was cancelled."""
    last = events(flow.client, "b")[-1]
    assert last["type"] == "identity.brief.cancelled"
    return dict(last["data"])


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
def test_what_to_cancel_is_told_in_one_way(command: Command, arguments: tuple[str, ...]) -> None:
    assert command("cancel", *arguments).returncode == 2
