"""A batch's budget while processes die: what is bought for it never costs more."""

import pytest
import redis
from support import CREATE, Api, ProcessFactory, enqueue, eventually

from config import keys
from config.accounts import DEFAULT
from worker import views
from worker.ledger import Ledger

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
    assert not client.exists(keys.PROMISED("spring"), keys.PROMISED_OF(DEFAULT))

    ledger.set_budget("spring", DEFAULT, BRIEFS * COST, by="test")
    assert eventually(client, lambda: client.zcard(keys.FINISHED()) == BRIEFS)
    assert {brief.state for brief in views.briefs(client)} == {"done"}
    assert api.ledger()["credits"]["charged_total"] == BRIEFS * COST
