"""How long from an event of the API to our next HTTP call, in milliseconds.

    python -m benchmarks.latency [BRIEFS]

Measured at the sandbox, by its clock: from the moment in which a job is over and its event is due, to the
moment in which the request that fetches the job's drafts is answered. So the figure is an upper bound: the
sandbox's own timer, both directions of the loopback connection and the sandbox's answer are in it, as well as
listener, Redis, broker and worker. One job at a time: no queue is measured.
"""

import json
import statistics
import sys
from typing import Any

from benchmarks.harness import ACCOUNT, Setup, processes

BRIEFS = 60
SPEED = 50.0
#: Short jobs; finished drafts only, so that one event of a job matters.
QUICK: dict[str, Any] = {
    "jobs_cap": 100_000,
    "slots_cap": 100_000,
    "create_per_minute": 100_000,
    "promote_per_minute": 100_000,
    "credits": 10_000_000,
    "drafts_median_seconds": 5,
    "drafts_spread_seconds": 1,
    "preprocessing_median_seconds": 5,
    "preprocessing_spread_seconds": 1,
}


def main(briefs: int) -> None:
    """Run briefs one after the other and print the distribution."""
    with processes(SPEED, **QUICK) as setup:
        for number in range(briefs):
            setup.enqueue([{"brief_id": f"latency-{number}", "instructions": [{"hair": {"color": "red"}}]}])
            setup.wait_finished(number + 1, deadline=30)
        delays = sorted(_delays(setup))
    result = {
        "events": len(delays),
        "median_ms": round(statistics.median(delays), 2),
        "p95_ms": round(delays[int(len(delays) * 0.95)], 2),
        "worst_ms": round(delays[-1], 2),
    }
    for name, value in result.items():
        print(f"{name:12} {value:>8}")
    print(json.dumps(result))


def _delays(setup: Setup) -> list[float]:
    ledger = setup.control("GET", f"ledger?account={ACCOUNT}")
    jobs = ledger["accounts"][ACCOUNT]["jobs"]
    done = {job["job_id"]: _end(job) for job in jobs if job["job_type"] == "identity_creation"}
    delays: dict[str, float] = {}
    for entry in setup.control("GET", f"journal?account={ACCOUNT}&limit=2000"):
        parts = entry["path"].split("/")
        if parts[-1] == "results" and entry["at"] >= done[parts[2]]:
            delays.setdefault(parts[2], (entry["at"] - done[parts[2]]) * 1000 / SPEED)
    return list(delays.values())


def _end(job: dict[str, Any]) -> float:
    return next(float(state["at"]) for state in job["states"] if state["state"] == "completed")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else BRIEFS)
