"""The limits of an account changed while it works and processes die: the API sees none of them broken."""

from collections.abc import Callable
from itertools import islice

import pytest
import redis
from own_account import Api
from paid_calls import kill_between_paid_calls
from processes import ProcessFactory
from stepping import enqueue
from support import eventually

from config import keys
from config.accounts.names import DEFAULT
from worker.ledger.ledger import Ledger
from worker.views import snapshots

#: Briefs that are sent in each of the three parts.
PART = 20
BRIEFS = 3 * PART
#: Unscaled seconds of a usual job, and of one that holds its permit until the test has seen it do so.
SHORT, LASTING = 40, 1_000
#: Seconds until all are done; the account's own pace needs about ten.
DEADLINE = 60.0


def finished(client: "redis.Redis", count: int) -> Callable[[], bool]:
    return lambda: client.zcard(keys.FINISHED()) >= count


@pytest.mark.story
def test_limits_changed_while_processes_die_are_never_broken(
    redis_url: str,
    client: "redis.Redis",
    ledger: Ledger,
    api: Api,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    api.set(
        slots_cap=2 * BRIEFS,
        credits=1_000_000,
        drafts_median_seconds=LASTING,
        drafts_spread_seconds=10,
        preprocessing_median_seconds=60,
        preprocessing_spread_seconds=15,
    )
    workers = [worker_process(), worker_process()]
    listeners = [listener_process(), listener_process()]
    assert eventually(client, lambda: client.zcard(keys.WORKERS()) == len(workers))
    assert eventually(client, lambda: client.hexists(keys.RECORD(f"account:{DEFAULT}"), "configured"))
    ledger.set_limits(DEFAULT, {"slots": str(2 * BRIEFS)}, by="test")
    numbers = iter(range(BRIEFS))

    def send_a_part() -> None:
        for number in islice(numbers, PART):
            enqueue(redis_url, brief_id=f"b{number}", batch=f"{number % 3}", name=f"Face {number}")

    # Lower, while the jobs of the first five last: the API's cap follows once our jobs are no more than that.
    send_a_part()
    assert eventually(client, lambda: api.ledger()["max_jobs_in_flight"] == 5, DEADLINE)
    ledger.set_limits(DEFAULT, {"jobs": "3"}, by="test")
    api.set(drafts_median_seconds=SHORT)
    assert eventually(client, lambda: client.zcard(keys.PERMITS(DEFAULT)) <= 3)
    assert api.ledger()["max_jobs_in_flight"] == 5
    api.set(jobs_cap=3)

    # Each death comes when there is work again, however fast the part before it was done.
    send_a_part()
    eventually(client, lambda: [each for each in listeners if "account.leased" in each.written()])[0].kill()
    assert eventually(client, finished(client, PART), DEADLINE)
    kill_between_paid_calls(client, workers[0])

    # Higher: the API's cap first. The jobs last longer until there are more than five of them.
    api.set(jobs_cap=8, drafts_median_seconds=LASTING)
    ledger.set_limits(DEFAULT, {"jobs": "8"}, by="test")
    send_a_part()
    assert eventually(client, lambda: api.ledger()["max_jobs_in_flight"] > 5, DEADLINE)
    api.set(drafts_median_seconds=SHORT)
    assert eventually(client, finished(client, BRIEFS), DEADLINE)

    assert {brief.state for brief in snapshots.briefs(client, finished_limit=BRIEFS)} == {"done"}
    seen = api.ledger()
    assert len(seen["identities"]) == BRIEFS
    assert seen["violations"] == dict.fromkeys(seen["violations"], 0)
    assert not [answers for answers in seen["requests"].values() if "429" in answers]
    assert 5 < seen["max_jobs_in_flight"] <= 8
    assert max(most["accepted"] for most in seen["most_requests_in_60_s"].values()) <= 5
    assert seen["credits"]["charged"]["promotion"] == 50 * BRIEFS
    assert client.zcard(keys.PERMITS(DEFAULT)) == client.hlen(keys.SLOTS(DEFAULT)) == 0
