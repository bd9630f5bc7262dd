"""A paid call is on record once and made once, whatever is lost between Redis, the worker and the API."""

import pytest
from own_account import CREATE
from processes import ProcessFactory
from stepping import Flow
from support import DEADLINE, event_types, eventually

from config import durations, keys
from tests.chaos.harness.cutting import Cutting

ACCOUNT = "default"
SUBJECT = "brief:b"


def at_the_call(flow: Flow, call: str) -> str:
    """Take a brief to where the message of its paid call is queued; return the subject of the call."""
    flow.accept(brief_id="b")
    if call == "create":
        return SUBJECT
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    flow.steps.run()
    return "promotion:b#0"


@pytest.mark.parametrize("lost", ["request", "answer"])
@pytest.mark.parametrize(
    ("call", "to", "made"),
    [("create", "generating", "job_id"), ("promote", "preprocessing", "identity_code")],
)
def test_a_paid_call_is_recorded_when_redis_comes_back_without_another(
    flow: Flow, proxy: Cutting, worker_process: ProcessFactory, call: str, to: str, made: str, lost: str
) -> None:
    flow.api.lose_events()  # by webhook the record would not stay where it is looked at
    subject = at_the_call(flow, call)
    before = len(flow.calls("b"))
    cut = proxy.cut_request if lost == "request" else proxy.cut_answer
    cut("FCALL", f'"to":"{to}"')
    worker = worker_process(REDIS_URL=proxy.url)
    assert proxy.done.wait(DEADLINE)
    assert eventually(flow.client, lambda: flow.record(subject).state == to)
    assert eventually(flow.client, lambda: not flow.client.hlen(keys.MESSAGES(keys.STEPS)))
    # The message ends with the move, so before the worker knows that the answer was lost.
    assert eventually(flow.client, lambda: "paid_call.unrecorded" in worker.written())
    assert flow.calls("b")[before:] == [f"{call} intended", f"{call} accepted"]
    account = flow.api.ledger()
    known = [each[made] for each in (account["jobs"] if call == "create" else account["identities"])]
    assert known == [flow.record(subject).get(made)]
    assert len(account["promotions"]) == (call == "promote")


def test_an_unresolved_create_keeps_its_permit_until_its_job_is_over(flow: Flow) -> None:
    from actors.runtime import runtime

    flow.api.lose_events()
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "uncertain"
    rt = runtime()
    patience = rt.unresolved_ms / 1000
    assert patience > durations.JOB_PATIENCE_SECONDS / flow.settings.speed
    flow.grow_older(SUBJECT, patience / 2)
    assert flow.steps.run() == ("submit_brief", SUBJECT)
    assert flow.brief("b").state == "uncertain"
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
    flow.grow_older(SUBJECT, DEADLINE)
    assert flow.steps.run() == ("submit_brief", SUBJECT)
    assert flow.brief("b").state == "held"
    assert flow.client.zcard(keys.PERMITS(ACCOUNT)) == 0
    assert event_types(flow.client)[-1] == "identity.brief.held"
    assert flow.api.requests(f"POST {CREATE}") == 1
