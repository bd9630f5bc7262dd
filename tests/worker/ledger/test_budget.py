"""Budgets of batches and accounts: what is bought never costs more, also while processes die."""

import pytest
import redis
from own_account import CREATE, Api
from processes import ProcessFactory
from pydantic import SecretStr
from stepping import Flow, enqueue
from support import eventually

from config import keys
from config.accounts.names import DEFAULT
from config.settings import settings
from worker.ledger.ledger import Ledger
from worker.ledger.records import brief_subject
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
    # The jobs outlast the kill: no promote is under way then, but one create, whose job is made.
    api.set(drafts_median_seconds=1_000, preprocessing_median_seconds=100)
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
    # Not before: the end of the job, had somebody listened to it, would have told whose it is.
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
