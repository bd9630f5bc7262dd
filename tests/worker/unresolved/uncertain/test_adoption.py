"""Which of several briefs a job is given to is decided in one call, by what is on record then."""

import json
from typing import Any

import pytest
import redis
from own_account import CREATE
from stepping import Flow
from uncertain_creates import unknown

from config import keys
from worker.ledger import commands
from worker.ledger.transition import Answer, Completion, Transition
from worker.store.functions import Functions
from worker.unresolved.observations import read_evidence

pytestmark = pytest.mark.channel

ACCOUNT = "default"


def uncertain(flow: Flow, brief_id: str = "b") -> Any:
    """Take a brief to where its create is unknown, with nobody listening; return what its step reads."""
    unknown(flow, "drop_response", brief_id)
    return flow.brief(brief_id)


def adopt(flow: Flow, record: Any, job: str, **more: Any) -> Answer:
    """Adopt a job as the step does."""
    return flow.ledger.apply(
        record, Transition("generating", fields={"job_id": job}, jobs=[job], unowned=True, timer_ms=1, **more)
    )


def test_a_job_is_adopted_by_one_brief_only(flow: Flow) -> None:
    first, second = uncertain(flow, "b"), uncertain(flow, "c")
    assert adopt(flow, first, "j") is Answer.APPLIED
    assert adopt(flow, second, "j") is Answer.CONFLICT
    assert (flow.brief("c").state, flow.brief("c").get("job_id")) == ("uncertain", None)
    assert flow.client.get(keys.JOB(ACCOUNT, "j")) == "brief:b"


def test_what_was_decided_before_something_else_was_seen_is_not_done(flow: Flow) -> None:
    record = uncertain(flow)
    before = read_evidence(flow.client, ACCOUNT, 1, 1).stream.sightings
    flow.functions.run(commands.wake(account=ACCOUNT, event="1", job="j"))
    assert adopt(flow, record, "j", observed=before) is Answer.CONFLICT
    assert flow.ledger.apply(record, Transition("waiting", observed=before)) is Answer.CONFLICT
    now = read_evidence(flow.client, ACCOUNT, 1, 1).stream.sightings
    assert adopt(flow, record, "j", observed=now) is Answer.APPLIED


def test_a_replayed_event_is_nothing_new_and_facts_are(flow: Flow) -> None:
    uncertain(flow)

    def seen() -> int:
        return read_evidence(flow.client, ACCOUNT, 1, 1).stream.sightings

    for event, times in (("1", 1), ("1", 1), ("2", 2)):
        flow.functions.run(commands.wake(account=ACCOUNT, event=event, job="j"))
        assert seen() == times
    assert flow.ledger.observe_job(ACCOUNT, "j", json.dumps({"asked_at": 1}))
    assert seen() == 3
    assert not flow.ledger.observe_job(ACCOUNT, "k", "{}")


def test_a_brief_held_or_sent_again_meanwhile_is_not_moved(flow: Flow) -> None:
    record = uncertain(flow)
    same_stay = {"moved_at": record.fields["moved_at"]}
    flow.client.hincrby(keys.RECORD("brief:b"), "moved_at", 1)  # as after any other move
    assert adopt(flow, record, "j", when=same_stay) is Answer.CONFLICT
    assert flow.ledger.apply(record, Transition("waiting", when=same_stay)) is Answer.CONFLICT


def test_what_is_nobodys_is_remembered_for_an_hour(functions: Functions, client: "redis.Redis") -> None:
    hour = 3_600_000
    functions.run(commands.wake(account=ACCOUNT, event="1", job="old"), 1_000)
    functions.run(commands.observe(account=ACCOUNT, job="old", snapshot="{}"), 1_000)
    functions.run(commands.wake(account=ACCOUNT, event="2", job="new"), 1_000 + hour - 1)
    assert client.zrange(keys.UNCLAIMED(ACCOUNT), 0, -1) == ["old", "new"]
    functions.run(commands.wake(account=ACCOUNT, event="3", job="newest"), 1_000 + hour)
    assert client.zrange(keys.UNCLAIMED(ACCOUNT), 0, -1) == ["new", "newest"]
    assert client.hlen(keys.JOB_SNAPSHOTS(ACCOUNT)) == 0


def unclear(flow: Flow) -> list[str]:
    """The attempts of creates whose outcome is not on record."""
    return [str(each) for each in flow.client.zrange(keys.UNRESOLVED(ACCOUNT), 0, -1)]


def test_an_attempt_may_own_a_job_until_its_outcome_is_known(flow: Flow) -> None:
    record = uncertain(flow)
    assert unclear(flow) == ["brief:b/1"]
    assert flow.ledger.apply(record, Transition("held")) is Answer.APPLIED
    assert unclear(flow) == ["brief:b/1"]
    assert flow.ledger.apply(record, Transition("failed")) is Answer.APPLIED
    assert unclear(flow) == ["brief:b/1"]


@pytest.mark.parametrize(
    ("to", "known", "owners"),
    [
        ("generating", {}, []),
        ("waiting", {"observed": 0}, []),
        ("waiting", {"completion": Completion.COUNTED}, []),
        ("waiting", {}, ["brief:b/1"]),  # an operator wants it so
    ],
)
def test_an_attempt_whose_outcome_is_known_owns_no_other_job(
    flow: Flow, to: str, known: dict[str, Any], owners: list[str]
) -> None:
    record = uncertain(flow)
    assert flow.ledger.apply(record, Transition(to, **known)) is Answer.APPLIED
    assert unclear(flow) == owners


@pytest.mark.parametrize("status", [202, 400, 429])
def test_a_create_that_was_answered_is_clear(flow: Flow, status: int) -> None:
    if status != 202:
        flow.api.refuse(CREATE, status)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state != "uncertain"
    assert unclear(flow) == []
