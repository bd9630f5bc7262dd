"""A create that is sent again at a person's word: the job of the first call counts until it must be over."""

from typing import Any

import pytest
from commandline import Command
from own_account import CREATE
from stepping import Flow

from config import keys
from config.accounts.names import DEFAULT
from worker.ledger.transition import Answer
from worker.lifecycle import transitions
from worker.lifecycle.recovery import OperationRefusedError
from worker.operations.operator import Operator
from worker.unresolved import streams

SUBJECT, FIRST = "brief:b", "brief:b/1"


def permits(flow: Flow) -> Any:
    return flow.client.zrange(keys.PERMITS(DEFAULT), 0, -1)


def resend(flow: Flow) -> None:
    Operator(flow.client, flow.settings, "the test").resend(flow.brief("b"))


@pytest.fixture
def lost(flow: Flow) -> Flow:
    """A brief whose create arrived without an answer, on an account that may have one job."""
    flow.api.lose_events()
    flow.api.set(drafts_median_seconds=100_000)
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.ledger.set_limits(DEFAULT, {"jobs": "1"}, by="test")
    flow.until("b", "uncertain")
    return flow


def look_at_first(flow: Flow, ms_left: int) -> None:
    """Let the job of the first call be over for certain in so many ms, and its permit be looked at now."""
    from actors.runtime import runtime

    begun = flow.ledger.now() - runtime().paid_call_ms - runtime().unresolved_ms + ms_left
    flow.client.zadd(keys.PERMITS(DEFAULT), {FIRST: begun})
    flow.wake_timer(FIRST)
    assert flow.steps.run() == ("release_orphan", FIRST)


def test_no_job_more_than_the_account_may_have_comes_of_it(lost: Flow) -> None:
    flow = lost
    began = flow.client.zscore(keys.UNRESOLVED(DEFAULT), FIRST)
    resend(flow)
    assert flow.client.zrange(keys.WAITING(DEFAULT, "create"), 0, -1) == [SUBJECT]
    assert flow.client.zrange(keys.PERMITS(DEFAULT), 0, -1, withscores=True) == [(FIRST, began)]
    look_at_first(flow, ms_left=60_000)
    assert (permits(flow), flow.api.ledger()["jobs_in_flight"]) == ([FIRST], 1)
    look_at_first(flow, ms_left=-1)
    assert permits(flow) == [SUBJECT]
    flow.until("b", "generating")
    assert flow.api.requests(f"POST {CREATE}") == 2
    assert flow.client.zscore(keys.TIMERS(), FIRST) is None
    assert flow.client.zrange(keys.UNFINISHED(), 0, -1) == ["b"]


def test_the_first_calls_permit_is_looked_at_once_its_job_is_over(lost: Flow) -> None:
    from actors.runtime import runtime

    began = float(str(lost.client.zscore(keys.UNRESOLVED(DEFAULT), FIRST)))
    resend(lost)
    due = began + runtime().paid_call_ms + runtime().unresolved_ms + 1
    assert lost.client.zscore(keys.TIMERS(), FIRST) == due


def test_where_there_is_room_it_goes_at_once(lost: Flow) -> None:
    flow = lost
    flow.ledger.set_limits(DEFAULT, {"jobs": "2", "budget": "1000"}, by="test")
    resend(flow)
    flow.until("b", "generating")
    assert permits(flow) == [FIRST, SUBJECT]
    assert flow.api.ledger()["jobs_in_flight"] == 2


def test_the_permits_are_listed_with_what_they_are_for(lost: Flow, command: Command) -> None:
    resend(lost)
    text = command("accounts").stdout
    assert f"    {FIRST}  lost create that was sent again  " in text
    assert "gives its permit back once its job is over, or must be" in text


def test_a_brief_that_is_to_end_is_not_sent_again(lost: Flow) -> None:
    operator = Operator(lost.client, lost.settings, "the test")
    asked = lost.brief("b")
    operator.cancel(asked)
    with pytest.raises(OperationRefusedError, match=r"is to end.*cancelled by the test"):
        operator.resend(lost.brief("b"))
    with pytest.raises(OperationRefusedError, match="has moved meanwhile"):
        operator.resend(asked)
    assert (lost.brief("b").state, permits(lost)) == ("uncertain", [SUBJECT])


def test_what_did_not_arrive_leaves_no_permit_behind(lost: Flow) -> None:
    observed = streams.read_stream(lost.client, DEFAULT).sightings
    again = transitions.not_arrived(lost.brief("b"), observed)
    assert lost.ledger.apply(lost.brief("b"), again) is Answer.APPLIED
    assert permits(lost) == [SUBJECT]
