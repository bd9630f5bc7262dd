"""A promote that may have arrived keeps its permit and its slot, and is not paid for twice."""

import pytest
from late_steps import operator, submitting, with_drafts
from own_account import PROMOTE
from stepping import Flow

from benchmarks.caps.virtual import admission
from config import keys
from config.accounts.names import DEFAULT
from tests.chaos.invariants.invariants import look
from worker.briefs.choices import Choose
from worker.ledger.transition import Answer, Completion, Pause, Transition
from worker.lifecycle import choosing, record_fields
from worker.lifecycle.charges import paid_text, take_apart
from worker.lifecycle.choosing import PickError
from worker.operations import picking
from worker.views import snapshots

POST_PROMOTE = f"POST {PROMOTE}"


def unknown_promote(flow: Flow) -> None:
    """Take the brief b to where the answer to its promote was lost."""
    with_drafts(flow)
    flow.api.fault("drop_response", path=PROMOTE)
    flow.steps.until(lambda: "promote OutcomeUnknown" in flow.calls("b"))


def wasted(flow: Flow) -> list[str]:
    """The identities of the brief b that are neither used nor refused."""
    found = look(flow.client, flow.api.sandbox.ledger(), {DEFAULT: flow.api.token}, ["b"])
    return [each.subject for each in found if each.what == "is an identity that no promotion has"]


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


@pytest.mark.parametrize(
    ("status", "body"),
    [(429, {"error": "too many requests"}), (402, {"error": "Insufficient credits"}), (503, {}), (401, {})],
)
def test_a_doubtful_promote_keeps_its_permit_when_the_next_is_refused(
    flow: Flow, status: int, body: dict[str, str]
) -> None:
    """The refusal says nothing of the one before, whose job the API may be at."""
    flow.api.set(preprocessing_median_seconds=100_000)
    unknown_promote(flow)
    flow.api.refuse(PROMOTE, status, body)
    flow.end_pauses()
    flow.steps.until(lambda: flow.promotion("b").state == "planned" and flow.api.requests(POST_PROMOTE) == 2)
    assert flow.client.zrange(keys.PERMITS(DEFAULT), 0, -1) == ["promotion:b#0"]
    drafts = [each["image_result_id"] for each in flow.promotion("b").json("candidates")]
    with pytest.raises(PickError):
        picking.choose_again(flow.ledger, "b", drafts[1], instead=0, by="ada", why=None)
    flow.end_pauses()
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    assert flow.calls("b")[-1] == "promote already promoted"
    assert len(flow.api.ledger()["identities"]) == 1


def test_a_promote_that_may_have_arrived_needs_no_second_slot(flow: Flow) -> None:
    unknown_promote(flow)
    taken = {f"code{number}": 1 for number in range(50)}
    flow.client.zadd(keys.IDENTITIES(DEFAULT), taken)
    flow.end_pauses()
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")


def cancel_in_doubt(flow: Flow) -> None:
    """Cancel the brief, whose promote may have a job: it ends, without its permit, once that is over."""
    operator(flow).cancel(flow.brief("b"))
    assert (flow.brief("b").state, flow.promotion("b").state) == ("held", "held")
    assert flow.client.zrange(keys.PERMITS(DEFAULT), 0, -1) == ["promotion:b#0"]
    flow.grow_older("promotion:b#0", 3_600)
    flow.until("b", "cancelled")
    assert flow.api.requests(POST_PROMOTE) == 1


def test_a_brief_cancelled_after_a_doubtful_promote_ends_with_its_job(
    flow: Flow,
) -> None:
    unknown_promote(flow)
    cancel_in_doubt(flow)
    assert not flow.client.exists(
        keys.PERMITS(DEFAULT), keys.SLOTS(DEFAULT), keys.WAITING(DEFAULT, "promote")
    )
    (identity,) = flow.api.ledger()["identities"]
    journal = take_apart(snapshots.journal(flow.client, "b"))
    assert "perhaps for a promotion of unknown outcome" in paid_text(0.0, journal)
    assert wasted(flow) == [], "a person has written it off, and was told"
    flow.client.lpop(keys.JOURNAL("b"), 99)
    assert wasted(flow) == [identity["identity_code"]], "nobody has"


def test_a_brief_cancelled_with_its_promote_granted_again_ends_with_its_job(flow: Flow) -> None:
    flow.api.set(preprocessing_median_seconds=100_000)
    unknown_promote(flow)
    flow.end_pauses()
    assert flow.promotion("b").attempt == 2
    cancel_in_doubt(flow)
    assert not flow.client.exists(keys.PERMITS(DEFAULT))
    assert flow.client.zcount(keys.WINDOW(DEFAULT, "promote"), "+inf", "+inf") == 0


def test_a_promote_that_was_only_granted_is_cancelled_at_once(flow: Flow) -> None:
    with_drafts(flow)
    flow.until("b", "promoting")
    assert flow.promotion("b").attempt == 1
    operator(flow).cancel(flow.brief("b"))
    assert (flow.brief("b").state, flow.client.exists(keys.PERMITS(DEFAULT))) == ("cancelled", 0)


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
