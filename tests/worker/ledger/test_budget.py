"""Budgets of batches and accounts: what is bought never costs more, also while processes die."""

import pytest
import redis
from support import CREATE, Api, Flow, ProcessFactory, enqueue, eventually

from config import keys
from config.accounts import DEFAULT
from worker.ledger.ledger import Ledger
from worker.operations.operator import Operator
from worker.views import account_report, snapshots

BRIEFS = 6
#: Credits of a brief: two drafts, known from before, and a promotion.
COST = 10 + 50
#: What pays for three.
BUDGET = 4 * COST - 1


@pytest.mark.long
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
    api.set(drafts_median_seconds=100, preprocessing_median_seconds=100)
    first = [worker_process(), listener_process()]
    for number in range(BRIEFS):
        enqueue(redis_url, brief_id=f"b{number}", batch="spring", name=f"Face {number}")
    eventually(client, lambda: api.requests(f"POST {CREATE}") == 3)
    eventually(client, lambda: client.zcard(keys.PARKED("spring")) == BRIEFS - 3)
    for process in first:
        process.kill()
    worker_process()
    listener_process()
    assert eventually(client, lambda: client.zcard(keys.FINISHED()) == 3, deadline=40)
    assert client.zcard(keys.PARKED("spring")) == BRIEFS - 3
    assert api.ledger()["credits"]["charged_total"] == 3 * COST
    assert client.hget(keys.BUDGET("spring"), "spent") == str(3 * COST)
    assert not client.exists(keys.PROMISED("spring"), keys.PROMISED_OF(DEFAULT), keys.RESERVATIONS(DEFAULT))

    ledger.set_budget("spring", DEFAULT, BRIEFS * COST, by="test")
    assert eventually(client, lambda: client.zcard(keys.FINISHED()) == BRIEFS)
    assert {brief.state for brief in snapshots.briefs(client)} == {"done"}
    assert api.ledger()["credits"]["charged_total"] == BRIEFS * COST


def test_briefs_of_no_batch_cost_no_more_than_their_accounts_budget(heard: Flow) -> None:
    heard.accept(brief_id="before")
    heard.ledger.set_limits(DEFAULT, {"budget": str(3 * COST - 1)}, by="test")
    heard.finish("before")
    before = heard.api.ledger()["credits"]["charged_total"]
    for number in range(BRIEFS):
        heard.accept(brief_id=f"b{number}")
    heard.finish("b0")
    report = account_report.report(heard.client, DEFAULT)
    assert report.budget is not None
    assert report.budget.spent == before + COST
    assert report.waiting["create"] == BRIEFS - 1, "what is left does not pay for another"

    heard.ledger.set_limits(DEFAULT, {"budget": str((BRIEFS + 1) * COST)}, by="test")
    heard.steps.until(lambda: not heard.client.zcard(keys.OPEN()))
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
