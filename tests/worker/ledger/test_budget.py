"""Budgets of batches and accounts: what is bought never costs more, also while processes die."""

import pytest
import redis
from own_account import CREATE, PROMOTE, Api
from processes import ProcessFactory
from pydantic import SecretStr
from stepping import Flow, enqueue
from support import eventually

from config import keys
from config.accounts.names import DEFAULT
from config.settings import settings
from worker.ledger.ledger import Ledger
from worker.ledger.records import brief_subject
from worker.ledger.transition import Transition
from worker.lifecycle.charges import Journal, take_apart
from worker.lifecycle.recovery import OperationRefusedError
from worker.network.pool import open_pool
from worker.operations.operator import Operator
from worker.piktid.client import PiktID
from worker.views import account_reading, snapshots

pytestmark = pytest.mark.impatient

BRIEFS = 6
#: Credits of a brief: two drafts, known from before, and a promotion.
COST = 10 + 50
#: What pays for three.
BUDGET = 4 * COST - 1


def states(client: "redis.Redis") -> dict[str, str]:
    return {brief.brief_id: brief.state for brief in snapshots.briefs(client)}


def let_wait_be_over(client: "redis.Redis", brief_id: str) -> None:
    """Let a brief have been in its state for an hour."""
    client.hincrby(keys.RECORD(f"brief:{brief_id}"), "moved_at", -3_600_000)


def adopt(ledger: Ledger, api: Api, brief_id: str) -> None:
    """Answer for the brief with the only job that is no other's."""
    made = [job["job_id"] for job in api.ledger()["jobs"] if job["job_type"] == "identity_creation"]
    (job,) = [each for each in made if not ledger.client.exists(keys.JOB(DEFAULT, each))]
    brief = ledger.read(brief_subject(brief_id))
    assert brief is not None
    with open_pool() as pool:
        operator = Operator(ledger.client, settings(), "test")
        operator.adopt(brief, job, PiktID(pool, api.url, SecretStr(api.token)))


@pytest.mark.story
def test_a_budget_is_kept_to_the_credit_though_workers_and_listeners_die(
    redis_url: str,
    client: "redis.Redis",
    ledger: Ledger,
    api: Api,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    client.hset(keys.RECORD(f"account:{DEFAULT}"), mapping={"drafts_credits": 50, "drafts_made": 10})
    ledger.set_budget("spring", DEFAULT, BUDGET, by="test")
    # The jobs outlast the question: no promote is under way at the kill, but one create, whose job is made.
    # Its end, had somebody listened to it, would tell whose it is.
    api.set(drafts_median_seconds=4_000, preprocessing_median_seconds=100)
    api.hold(CREATE, when="after")
    first = [worker_process(IDENTITY_WORKER_REQUEST_TIMEOUT="60"), listener_process()]
    for number in range(BRIEFS):
        enqueue(redis_url, brief_id=f"b{number}", batch="spring", name=f"Face {number}")
    begun = ["generating", "generating", "submitting"] + ["waiting"] * (BRIEFS - 3)
    assert eventually(client, lambda: sorted(states(client).values()) == begun)
    assert eventually(client, lambda: client.zcard(keys.PARKED("spring")) == BRIEFS - 3)
    assert eventually(client, lambda: len(api.ledger()["jobs"]) == 3)
    for process in first:
        process.kill()
    (lost,) = [brief_id for brief_id, state in states(client).items() if state == "submitting"]
    # Before its step is run again: whoever has died can no longer be about to record the answer.
    let_wait_be_over(client, lost)
    worker_process()
    listener_process()
    assert eventually(client, lambda: states(client)[lost] in ("uncertain", "held"))
    let_wait_be_over(client, lost)
    assert eventually(client, lambda: states(client)[lost] == "held")
    api.set(drafts_median_seconds=100)
    assert eventually(client, lambda: client.zcard(keys.FINISHED()) == 2)
    assert client.zcard(keys.PARKED("spring")) == BRIEFS - 3
    assert client.hgetall(keys.BATCH_RESERVATIONS("spring")) == {f"brief:{lost}": str(COST)}
    assert client.hget(keys.BUDGET("spring"), "spent") == str(2 * COST)

    adopt(ledger, api, lost)
    assert eventually(client, lambda: client.zcard(keys.FINISHED()) == 3)
    assert client.zcard(keys.PARKED("spring")) == BRIEFS - 3
    assert api.ledger()["credits"]["charged_total"] == 3 * COST
    assert client.hget(keys.BUDGET("spring"), "spent") == str(3 * COST)
    assert not client.exists(
        keys.BATCH_RESERVATIONS("spring"), keys.RESERVED_BATCHES(DEFAULT), keys.RESERVATIONS(DEFAULT)
    )

    ledger.set_budget("spring", DEFAULT, BRIEFS * COST, by="test")
    assert eventually(client, lambda: client.zcard(keys.FINISHED()) == BRIEFS)
    assert set(states(client).values()) == {"done"}
    assert api.ledger()["credits"]["charged_total"] == BRIEFS * COST


def test_briefs_of_no_batch_cost_no_more_than_their_accounts_budget(heard: Flow) -> None:
    heard.accept(brief_id="before")
    heard.ledger.set_limits(DEFAULT, {"budget": str(3 * COST - 1)}, by="test")
    heard.finish("before")
    before = heard.api.ledger()["credits"]["charged_total"]
    for number in range(BRIEFS):
        heard.accept(brief_id=f"b{number}")
    heard.finish("b0")
    report = account_reading.report(heard.client, DEFAULT)
    assert report.budget is not None
    assert report.budget.spent == before + COST
    assert report.waiting["create"] == BRIEFS - 1, "what is left does not pay for another"

    heard.ledger.set_limits(DEFAULT, {"budget": str((BRIEFS + 1) * COST)}, by="test")
    heard.steps.until(lambda: not heard.client.zcard(keys.UNFINISHED()))
    assert {brief.state for brief in snapshots.briefs(heard.client)} == {"done"}
    assert heard.api.ledger()["credits"]["charged_total"] == (BRIEFS + 1) * COST
    assert not heard.client.exists(keys.RESERVATIONS(DEFAULT))


def test_cancelled_and_failed_briefs_give_back_reserved_budget(
    flow: Flow,
) -> None:
    flow.accept(brief_id="before")
    flow.ledger.set_limits(DEFAULT, {"budget": "1000"}, by="test")
    flow.api.refuse(CREATE, 400, {"error": "no"})
    flow.finish("before")
    flow.accept(brief_id="a")
    assert flow.client.hkeys(keys.RESERVATIONS(DEFAULT)) == ["brief:a"]
    Operator(flow.client, flow.settings, "test").cancel(flow.brief("a"))
    assert flow.brief("a").state == "cancelled"
    assert not flow.client.exists(keys.RESERVATIONS(DEFAULT))


def spent(flow: Flow) -> float:
    return float(flow.client.hget(keys.BUDGET("spring"), "spent") or 0)  # type: ignore[arg-type]


@pytest.fixture
def doubtful(flow: Flow) -> Flow:
    """A brief with a budget whose promote was lost; its two drafts have cost 20."""
    flow.ledger.set_budget("spring", DEFAULT, 1_000, by="test")
    flow.accept(brief_id="b", batch="spring")
    flow.until("b", "generating")
    flow.api.rest()
    flow.wake_timer("brief:b")
    flow.api.fault("drop_response", path=PROMOTE)
    flow.steps.until(lambda: "promote OutcomeUnknown" in flow.calls("b"))
    return flow


@pytest.mark.parametrize("ends", ["cancel", "give_up"])
def test_what_may_have_been_bought_is_spent_as_it_is_written_off(doubtful: Flow, ends: str) -> None:
    before, operator = spent(doubtful), Operator(doubtful.client, doubtful.settings, "test")
    brief = doubtful.brief("b")
    if ends == "cancel":
        operator.cancel(brief)
    else:
        held = Transition("held", fields={"question": "?"}, keep_permit=True, timer_ms=1)
        doubtful.ledger.apply(doubtful.promotion("b"), held)
        operator.give_up(doubtful.brief("b"), "50 perhaps")
    doubtful.grow_older("promotion:b#0", 3_600)
    doubtful.wake_timer("promotion:b#0")
    doubtful.steps.until(lambda: doubtful.brief("b").state in ("cancelled", "failed"))
    assert spent(doubtful) == before + 50 == doubtful.api.ledger()["credits"]["charged_total"]
    assert not doubtful.client.exists(keys.BATCH_RESERVATIONS("spring"), keys.RESERVATIONS(DEFAULT))
    if ends == "give_up":
        operator.retry(doubtful.brief("b"), Journal((), (), ()))
        doubtful.end_pauses()
        doubtful.steps.until(lambda: doubtful.promotion("b").state == "preprocessing")
        assert spent(doubtful) == before + 50, "counted once"


def test_what_a_job_has_bought_that_nobody_will_read_is_spent(flow: Flow) -> None:
    flow.client.hset(keys.RECORD(f"account:{DEFAULT}"), mapping={"drafts_credits": 50, "drafts_made": 10})
    flow.ledger.set_budget("spring", DEFAULT, 1_000, by="test")
    flow.accept(brief_id="b", batch="spring")
    held = Transition("held", fields={"question": "?", "evidence": "{}"}, keep_permit=True, timer_ms=1)
    flow.ledger.apply(flow.until("b", "generating"), held)
    operator = Operator(flow.client, flow.settings, "test")
    operator.give_up(flow.brief("b"), "its drafts")
    flow.ledger.job_over(flow.brief("b"))
    assert (flow.brief("b").state, spent(flow)) == ("failed", 10)
    operator.retry(flow.brief("b"), Journal((), (), ()))
    flow.api.rest()
    flow.wake_timer("brief:b")
    flow.until("b", "promoting")
    assert spent(flow) == flow.api.ledger()["credits"]["charged_total"]


def test_what_a_lost_create_may_have_bought_is_spent_once_written_off(flow: Flow) -> None:
    flow.client.hset(keys.RECORD(f"account:{DEFAULT}"), mapping={"drafts_credits": 50, "drafts_made": 10})
    flow.ledger.set_budget("spring", DEFAULT, 1_000, by="test")
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b", batch="spring")
    held = Transition("held", fields={"question": "?", "evidence": "{}"}, timer_ms=1)
    flow.ledger.apply(flow.until("b", "uncertain"), held)
    operator = Operator(flow.client, flow.settings, "test")
    operator.give_up(flow.brief("b"), "its drafts")
    assert (flow.brief("b").state, spent(flow)) == ("failed", 10)
    with pytest.raises(OperationRefusedError, match="may have been paid for"):  # so it is counted once
        operator.retry(flow.brief("b"), take_apart(snapshots.journal(flow.client, "b")))
    assert not flow.client.exists(keys.BATCH_RESERVATIONS("spring"), keys.RESERVATIONS(DEFAULT))


def test_what_was_only_granted_or_asked_about_is_free_again(flow: Flow) -> None:
    flow.ledger.set_budget("spring", DEFAULT, 1_000, by="test")
    flow.client.hset(keys.RECORD(f"account:{DEFAULT}"), mapping={"drafts_credits": 50, "drafts_made": 10})
    flow.accept(brief_id="b", batch="spring")
    held = Transition("held", fields={"question": "?", "evidence": "{}"})
    flow.ledger.apply(flow.brief("b"), held)
    Operator(flow.client, flow.settings, "test").give_up(flow.brief("b"), "nothing")
    assert (flow.brief("b").state, spent(flow)) == ("failed", 0)


def test_what_is_written_off_beside_an_identity_is_counted_once_too(heard: Flow) -> None:
    heard.ledger.set_budget("spring", DEFAULT, 1_000, by="test")
    heard.api.fault("drop_response", path=PROMOTE)
    heard.accept(brief_id="b", batch="spring", instructions=[{"prompt": "one"}, {"prompt": "two"}])
    heard.steps.until(lambda: "promote OutcomeUnknown" in heard.calls("b"))
    (call,) = take_apart(snapshots.journal(heard.client, "b")).lost("promote")
    lost = int(call["subject"].rpartition("#")[2])
    held = Transition("held", fields={"question": "?"}, keep_permit=True, timer_ms=1)
    heard.ledger.apply(heard.promotion("b", lost), held)
    operator = Operator(heard.client, heard.settings, "test")
    heard.end_pauses()
    heard.steps.until(lambda: heard.promotion("b", 1 - lost).state == "ready")
    operator.give_up(heard.brief("b"), "50 perhaps")
    heard.grow_older(f"promotion:b#{lost}", 3_600)
    heard.wake_timer(f"promotion:b#{lost}")
    heard.finish("b")
    charged = heard.api.ledger()["credits"]["charged_total"]
    assert (heard.brief("b").state, spent(heard)) == ("done", charged)
    operator.retry(heard.brief("b"), Journal((), (), ()))
    heard.steps.until(lambda: heard.promotion("b", lost).state == "preprocessing")
    assert spent(heard) == charged
