"""How long from an event of the API to our next HTTP call, in milliseconds.

    python -m benchmarks.latency [BRIEFS]

Measured on the wire, by one clock, in a proxy between our processes and the sandbox (`wiretap.py`): from the
moment in which the bytes of a finished job's event go on to the listener, to the moment in which the bytes
of the request for its drafts come from the worker. One job at a time: no queue is measured.
"""

import json
import statistics
import sys
from typing import Any

from benchmarks.harness import processes

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
    with processes(SPEED, tapped=True, **QUICK) as setup:
        for number in range(briefs):
            setup.enqueue([{"brief_id": f"latency-{number}", "instructions": [{"hair": {"color": "red"}}]}])
            setup.wait_finished(number + 1, deadline=30)
        delays = sorted(setup.tap.delays_ms())
    result = {
        "events": len(delays),
        "median_ms": round(statistics.median(delays), 2),
        "p95_ms": round(delays[int(len(delays) * 0.95)], 2),
        "worst_ms": round(delays[-1], 2),
    }
    for name, value in result.items():
        print(f"{name:12} {value:>8}")
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else BRIEFS)
