"""A server that has forgotten paid calls: nothing is bought before all that may have been is looked for."""

import pytest
from forgetting import copy_of, finish, listened, look_back, past, put_back
from own_account import CREATE
from pydantic import SecretStr
from stepping import Flow
from support import event_types

from config import durations, keys
from config.accounts.account import Account
from config.accounts.names import DEFAULT
from worker.ledger import commands
from worker.ledger.transition import Answer
from worker.lifecycle import transitions
from worker.operations import audit
from worker.store.functions import Command
from worker.store.replicas import Claim, Claims
from worker.unresolved.past import forget, past_of

ACCOUNT = Account(name=DEFAULT, token=SecretStr("t"))
TWO = {"instructions": [{"prompt": "a sailor", "num_variations": 2}]}


def faults(flow: Flow, brief_id: str) -> list[str]:
    audited = audit.read(flow.client, brief_id)
    assert audited is not None
    return list(audit.faults(audited))


def creates(flow: Flow) -> int:
    """How many creates were made, however long that took: `arrived` tells of one window."""
    return flow.api.requests(f"POST {CREATE}")


def bought_and_forgotten(flow: Flow, brief_id: str) -> None:
    """Have a brief's drafts bought, and forgotten by the server."""
    copy = copy_of(flow.client)
    assert flow.steps.run() == ("submit_brief", f"brief:{brief_id}")
    assert flow.brief(brief_id).state == "generating"
    put_back(flow.client, copy)
    flow.api.rest()


def test_a_create_that_was_forgotten_is_found_and_not_made_again(flow: Flow) -> None:
    finish(flow, flow.accept(brief_id="before"))
    flow.accept(brief_id="a")
    bought_and_forgotten(flow, "a")
    assert flow.steps.run() == ("submit_brief", "brief:a")
    assert flow.brief("a").state == "waiting"
    assert past(flow).keys() >= {"past", "past_since", "past_until"}
    look_back(flow)
    assert finish(flow, "a") == ["done"]
    assert creates(flow) == 2
    assert flow.calls("a")[:2] == ["create unknown", "create adopted"]
    assert faults(flow, "a") == []


def test_what_was_not_bought_is_bought_once_that_is_known(flow: Flow) -> None:
    flow.accept(brief_id="before")
    finish(flow, "before")
    flow.accept(brief_id="a")
    flow.functions.run(forget(None, "test", "a test"))
    flow.accept(brief_id="b")
    flow.wake_timer(f"past:{DEFAULT}")
    assert flow.steps.run()[0] in ("submit_brief", "look_back")
    assert {flow.brief(each).state for each in "ab"} == {"waiting"}
    assert creates(flow) == 1
    look_back(flow)
    assert finish(flow, "a", "b") == ["done", "done"]
    assert creates(flow) == 3


def test_of_many_accounts_each_is_told_in_turn_and_none_buys_before(flow: Flow) -> None:
    names = [f"account-{number}" for number in range(450)]
    flow.client.sadd(keys.ACCOUNTS(), *names)
    flow.accept(brief_id="a")
    assert len(flow.functions.run(forget(None, "test", "a test")).accounts) == len(names) + 1
    assert flow.client.zcard(keys.FORGETTING()) == 251, "no call takes long"
    assert past(flow) == {}
    assert past_of(flow.client, DEFAULT) is not None
    assert flow.steps.run() == ("submit_brief", "brief:a")
    assert past(flow).keys() >= {"past", "past_since", "past_until"}
    assert flow.client.zcard(keys.FORGETTING()) == 250
    for _ in range(2):
        flow.functions.run(commands.due(1))
    assert not flow.client.exists(keys.FORGETTING())
    assert all(past_of(flow.client, name) is not None for name in names)
    assert creates(flow) == 0
    flow.client.zrem(keys.TIMERS(), *[f"past:{name}" for name in names])
    flow.client.delete(*[keys.RECORD(f"account:{name}") for name in names])


def test_briefs_that_a_forgotten_job_may_be_of_are_held(flow: Flow) -> None:
    flow.accept(brief_id="a")
    bought_and_forgotten(flow, "a")
    flow.accept(brief_id="b", **TWO)
    flow.accept(brief_id="c", instructions=[{"prompt": "a sailor", "num_variations": 3}])
    flow.functions.run(forget(None, "test", "a test"))
    look_back(flow)
    assert [flow.brief(each).state for each in "abc"] == ["held", "held", "waiting"]
    (job,) = flow.brief("a").json("candidate_jobs")
    assert flow.brief("b").json("candidate_jobs") == [job]
    assert finish(flow, "c") == ["done"]
    assert creates(flow) == 2


def test_a_list_that_never_named_a_creation_proves_nothing(flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.functions.run(forget(None, "test", "a test"))
    look_back(flow)
    assert flow.brief("a").state == "held"
    assert "no list of the API's jobs" in flow.brief("a").fields["question"]
    assert creates(flow) == 0


def test_nothing_is_bought_while_the_api_does_not_list_its_jobs(flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.functions.run(forget(None, "test", "a test"))
    flow.api.refuse("/gallery/by-job", 503, count=1)
    flow.client.hincrby(keys.RECORD(f"account:{DEFAULT}"), "past_until", -100_000_000)
    flow.wake_timer(f"past:{DEFAULT}")
    flow.steps.until(lambda: flow.api.requests("GET /gallery/by-job"))
    assert flow.brief("a").state == "waiting"
    assert "past_since" in past(flow)


def test_after_a_copy_came_back_nothing_is_bought_twice(flow: Flow) -> None:
    """The drill: briefs run after the copy was made, and whoever sent them sends them again."""
    ids = [f"brief-{number}" for number in range(5)]
    finish(flow, flow.accept(brief_id="before"))
    copy = copy_of(flow.client)
    for brief_id in ids:
        flow.accept(brief_id=brief_id)
    assert finish(flow, *ids) == ["done"] * 5
    put_back(flow.client, copy)
    flow.functions.run(forget(None, "test", "a copy came back"))
    for brief_id in ids:
        flow.accept(brief_id=brief_id)
    look_back(flow)
    assert finish(flow, *ids) == ["done"] * 5
    assert creates(flow) == 6
    assert len(flow.api.ledger()["identities"]) == 6
    assert [fault for brief_id in ids for fault in faults(flow, brief_id)] == []


def test_an_account_that_the_copy_lacks_is_looked_for_too(flow: Flow) -> None:
    """It was added after the copy was made, and comes back by the configuration."""
    empty = copy_of(flow.client)
    finish(flow, flow.accept(brief_id="a"))
    put_back(flow.client, {name: each for name, each in empty.items() if b"accounts" not in name})
    flow.functions.run(forget(None, "test", "a copy came back"))
    assert past(flow) == {}
    flow.ledger.configure([ACCOUNT])
    assert past(flow)["past"]
    flow.accept(brief_id="a")
    look_back(flow)
    assert flow.brief("a").state == "held"  # whether the job is its own, only a person can tell
    assert (len(flow.brief("a").json("candidate_jobs")), creates(flow)) == (1, 1)


def test_a_worker_whose_claims_are_all_gone_looks_before_it_buys(flow: Flow) -> None:
    """As where a server without persistence was started again: it knows of no account, either."""
    finish(flow, flow.accept(brief_id="a"))
    flow.client.flushdb()
    flow.accept(brief_id="a")
    assert flow.steps.run() == ("submit_brief", "brief:a")
    assert flow.brief("a").state == "waiting"
    assert "forgotten paid calls" in past(flow)["past"]
    look_back(flow)
    assert flow.brief("a").state == "held"  # whether the job is its own, only a person can tell
    assert (len(flow.brief("a").json("candidate_jobs")), creates(flow)) == (1, 1)


def test_a_new_account_buys_at_once_where_nothing_was_forgotten_lately(flow: Flow) -> None:
    flow.functions.run(forget(None, "test", "a copy came back"))
    flow.client.hincrby(keys.HISTORY(), "forgot_at", -durations.CLAIMED_KEPT_MS)
    flow.client.delete(keys.RECORD(f"account:{DEFAULT}"), keys.ACCOUNTS(), keys.FORGETTING())
    flow.ledger.configure([ACCOUNT])
    assert past(flow) == {}


def test_a_promote_that_was_forgotten_is_found_by_making_it_again(flow: Flow) -> None:
    flow.accept(brief_id="a")
    with listened(flow):
        flow.until("a", "promoting")
    copy = copy_of(flow.client)
    flow.steps.until(lambda: flow.promotion("a").state == "preprocessing")
    code = flow.promotion("a").fields["identity_code"]
    put_back(flow.client, copy)
    assert finish(flow, "a") == ["done"]
    assert flow.promotion("a").fields["identity_code"] == code
    assert len(flow.api.ledger()["identities"]) == 1
    assert event_types(flow.client, "a").count("identity.promoted") == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_replica_that_takes_over_may_have_forgotten_something(flow: Flow, times: int) -> None:
    """Also one that was the replica of such a one, between two claims."""
    finish(flow, flow.accept(brief_id="before"))
    for _ in range(times):
        take_over(flow)
    flow.accept(brief_id="a")
    assert flow.steps.run() == ("submit_brief", "brief:a")
    assert flow.brief("a").state == "waiting"
    assert "a replica has taken over" in past(flow)["past"]
    look_back(flow)
    assert finish(flow, "a") == ["done"]
    assert creates(flow) == 2


def test_a_replica_that_claims_have_waited_for_is_trusted(flow: Flow) -> None:
    flow.accept(brief_id="before")
    assert flow.functions.run(claimed(flow, "before", Claims(replicas=1).new())) == "applied"
    take_over(flow)
    flow.accept(brief_id="a")
    assert flow.functions.run(claimed(flow, "a", Claims(replicas=1).new())) == "applied"
    assert past(flow) == {}


def test_claims_of_one_process_may_come_in_any_order(flow: Flow) -> None:
    claims = Claims(replicas=0)
    first, second = claims.new(), claims.new()
    for claim in (second, first):
        flow.functions.run(claimed(flow, flow.accept(), claim))
        claims.granted(claim)
    third = claims.new()
    assert flow.functions.run(claimed(flow, flow.accept(), third)) == "applied"
    assert past(flow) == {}


def claimed(flow: Flow, brief_id: str, claim: Claim) -> Command[Answer]:
    brief = flow.brief(brief_id)
    return commands.advance(
        brief.subject, transitions.submitting(brief, brief.json("body"), 0.0, 1), claim=claim
    )


def take_over(flow: Flow) -> None:
    """Let the server be a replica, and lead again: as one that had the history of its primary."""
    flow.client.replicaof("127.0.0.1", 1)
    flow.client.replicaof("NO", "ONE")
