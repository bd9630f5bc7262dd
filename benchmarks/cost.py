"""What one brief costs: processor time and Redis commands, over 500 briefs with all caps lifted.

python -m benchmarks.cost [BRIEFS]
"""

import json
import sys
import time
from typing import Any

from benchmarks.harness import Setup, cpu_seconds, processes

BRIEFS = 500
#: No caps, and jobs long enough (in the sandbox's time) that hundreds are in flight at once.
LIFTED: dict[str, Any] = {
    "jobs_cap": 100_000,
    "slots_cap": 100_000,
    "create_per_minute": 100_000,
    "promote_per_minute": 100_000,
    "credits": 10_000_000,
}


def main(briefs: int) -> None:
    """Run the briefs and print the cost of one."""
    with processes(20.0, **LIFTED) as setup:
        before = _reading(setup)
        began = time.monotonic()
        setup.enqueue([_brief(number) for number in range(briefs)])
        setup.wait_finished(briefs, deadline=300)
        seconds = time.monotonic() - began
        after = _reading(setup)
    spent = {name: (after[name] - before[name]) / briefs for name in after}
    result = {
        "briefs": briefs,
        "seconds": round(seconds, 1),
        "briefs_per_second": round(briefs / seconds, 1),
        "cpu_ms_per_brief": round(1000 * (spent["worker"] + spent["listener"]), 2),
        "worker_cpu_ms": round(1000 * spent["worker"], 2),
        "listener_cpu_ms": round(1000 * spent["listener"], 2),
        "redis_round_trips_per_brief": round(spent["round_trips"], 1),
        "redis_commands_per_brief": round(spent["commands"], 1),
    }
    for name, value in result.items():
        print(f"{name:30} {value:>10}")
    print(json.dumps(result))


def _brief(number: int) -> dict[str, object]:
    return {
        "brief_id": f"cost-{number}",
        "name": f"Cost {number}",
        "instructions": [{"appearance": {"age": 20 + number % 40}, "num_variations": 1}],
    }


def _reading(setup: Setup) -> dict[str, float]:
    """Round trips are what clients sent; commands also count what functions call in the server."""
    stats = setup.client.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): row["calls"] for name, row in stats.items()}
    called = calls.get("fcall", 0) + calls.get("evalsha", 0)
    return {
        "worker": cpu_seconds(setup.worker),
        "listener": cpu_seconds(setup.listener),
        "round_trips": called + calls.get("blmove", 0) + calls.get("blpop", 0) + calls.get("exec", 0),
        "commands": sum(calls.values()),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else BRIEFS)
