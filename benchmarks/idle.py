"""What an installation costs that has nothing to do: its processor, and its commands in Redis.

    python -m benchmarks.idle [--seconds 20]

One worker and one listener, one account, at the real API's speed. `commands_per_second` is what the server
counts, those that functions and scripts call among them.
"""

import argparse
import time
from typing import Any

from benchmarks.cost import commands
from benchmarks.frame.proc import scheduled_seconds
from benchmarks.frame.report import Figure, report
from benchmarks.harness import Setup, processes
from benchmarks.rivals import running

SECONDS = 20.0
#: Seconds after the start in which everything is still being opened.
SETTLING = 5.0


def main(seconds: float) -> dict[str, Any]:
    """Watch ours, then the plain Dramatiq program, each for so many seconds."""
    with processes(1.0, counted=True) as setup:
        ours = _watch(setup, seconds)
    with running.plain(1.0, counted=True) as setup:
        plain = _watch(setup, seconds)
    figures = {
        name: Figure(number, "% of a core" if name.endswith("percent") else "1/s", {"dramatiq": plain[name]})
        for name, number in ours.items()
    }
    return report("idle", figures, seconds=seconds)


def _watch(setup: Setup, seconds: float) -> dict[str, float]:
    time.sleep(min(seconds, SETTLING))
    before, began = _reading(setup), time.monotonic()
    time.sleep(seconds)
    after, watched = _reading(setup), time.monotonic() - began
    return {name: (after[name] - before[name]) / watched for name in after}


def _reading(setup: Setup) -> dict[str, float]:
    return {
        "worker_percent": 100 * scheduled_seconds(setup.worker),
        "listener_percent": 100 * scheduled_seconds(setup.listener),
        "server_percent": 100 * setup.server_seconds(),
        "commands_per_second": commands(setup.client),
        "round_trips_per_second": sum(each.count for each in setup.ground.trips.values()),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What an idle installation costs.")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    main(**vars(parser.parse_args()))
