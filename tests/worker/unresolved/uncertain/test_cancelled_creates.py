"""A create of unknown outcome whose brief is cancelled: the caps hold as long as its job may run."""

from own_account import CREATE
from stepping import Flow
from support import eventually
from uncertain_creates import grow_over, unknown

from config import keys
from worker.operations.operator import Operator

ACCOUNT = "default"


def has_room_for_a_request(flow: Flow) -> bool:
    """Return whether only a job permit can be what a create waits for."""
    now = flow.ledger.now()
    return bool(flow.client.zcount(keys.WINDOW(ACCOUNT, "create"), now, "+inf") < 5)


def test_a_cancelled_create_keeps_its_permit_while_its_job_may_run(flow: Flow) -> None:
    flow.api.set(drafts_median_seconds=10_000)
    unknown(flow, "drop_response")
    Operator(flow.client, flow.settings, "test").cancel(flow.brief("b"))
    others = [flow.accept() for _ in range(5)]
    flow.steps.until(lambda: [flow.brief(each).state for each in others].count("generating") == 4)
    assert eventually(flow.client, lambda: has_room_for_a_request(flow))
    flow.wake_timer(f"account:{ACCOUNT}")
    assert (flow.brief("b").state, flow.brief(others[-1]).state) == ("uncertain", "waiting")
    assert "brief:b" in flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1)
    assert flow.client.zcard(keys.WAITING(ACCOUNT, "create")) == 1
    ledger = flow.api.ledger()
    assert (ledger["jobs_in_flight"], ledger["violations"]["requests_over_cap"]) == (5, 0)
    assert flow.api.requests(f"POST {CREATE}") == 5
    grow_over(flow)
    flow.until("b", "cancelled")
    assert "brief:b" not in flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1)
