"""Wall clocks that are minutes wrong: the time of limits, timers and leases is the server's alone."""

import redis
from own_account import CREATE, PROMOTE, Api
from processes import ProcessFactory
from stepping import enqueue
from support import eventually

from config import keys
from tests.chaos.harness.clocks import clock
from worker.views import snapshots

BRIEFS = 16
#: Seconds until all are done; at the right time it takes about five.
DEADLINE = 60.0


def test_processes_with_wrong_clocks_break_no_limit_and_lose_no_brief(
    redis_url: str,
    client: "redis.Redis",
    api: Api,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    slow = {"error": "Too many requests: rate limit exceeded."}
    for path in (CREATE, PROMOTE):
        api.refuse(path, 429, slow, headers={"Retry-After": "1"})
    workers = [worker_process(**clock(-600)), worker_process(**clock(600))]
    listeners = [listener_process(**clock(420)), listener_process(**clock(-420))]
    for number in range(BRIEFS):
        enqueue(redis_url, brief_id=f"b{number}", batch=f"{number % 3}", name=f"Face {number}")
    assert eventually(client, lambda: client.zcard(keys.FINISHED()) == BRIEFS, DEADLINE)

    assert {brief.state for brief in snapshots.briefs(client, finished_limit=BRIEFS)} == {"done"}
    seen = api.ledger()
    assert seen["violations"] == dict.fromkeys(seen["violations"], 0)
    assert seen["requests"][f"POST {CREATE}"] == {"202": BRIEFS, "429": 1}
    assert seen["requests"][f"POST {PROMOTE}"] == {"201": BRIEFS, "429": 1}
    assert max(most["accepted"] for most in seen["most_requests_in_60_s"].values()) <= 5
    assert seen["max_jobs_in_flight"] <= 5
    # Nobody took anybody for dead, or a lease for ended.
    assert client.zcard(keys.WORKERS()) == len(workers)
    assert sum(each.written().count("account.leased") for each in listeners) == 1
