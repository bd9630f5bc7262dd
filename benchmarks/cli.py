"""How long commands take to their first output, beside `python -c pass`, with many briefs on record.

    python -m benchmarks.cli [--briefs 2000] [--runs 7]     for its goal: --briefs 100000

Of each command the median of the runs, in wall time from its start to its first byte of output. The briefs
are copies of one that went its whole way, as those of benchmarks/audit.py.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.audit import TEMPLATE, Copies
from benchmarks.cost import LIFTED, body
from benchmarks.frame.report import Figure, report
from benchmarks.harness import processes
from config.settings import settings
from worker.ledger.ledger import Ledger
from worker.operations.recounting import recount

BRIEFS, RUNS = 2_000, 7
SPEED = 50.0
#: What is run, by the name of its figure.
COMMANDS = {
    "status": ("status",),
    "status_filtered": ("status", "--state", "failed,held"),
    "watch": ("watch", "--once"),
    "why": ("why", TEMPLATE),
    "accounts": ("accounts",),
    "events": ("events",),
    "help": ("--help",),
}


def main(briefs: int, runs: int) -> dict[str, Any]:
    """Run each command so often with so many briefs on record."""
    with processes(SPEED, **LIFTED) as setup:
        setup.enqueue([{"brief_id": TEMPLATE, **body(0)}])
        setup.wait_finished(1, deadline=60)
        Copies(setup.client).make(1, briefs)
        recount(Ledger(setup.client, settings()))
        environment = {
            **os.environ,
            "REDIS_URL": setup.ground.redis_url,
            "PIKTID_API_TOKEN": "none is needed",
        }
        script = str(Path(sys.executable).parent / "identity-worker")
        figures = {"python": Figure(_median([sys.executable, "-c", "print()"], environment, runs), "s")}
        for name, arguments in COMMANDS.items():
            figures[name] = Figure(_median([script, *arguments], environment, runs), "s")
    return report("cli", figures, briefs=briefs, runs=runs)


def _median(command: list[str], environment: dict[str, str], runs: int) -> float:
    return statistics.median(_first_output(command, environment) for _ in range(runs))


def _first_output(command: list[str], environment: dict[str, str]) -> float:
    """Return after how many seconds the command says something; raises RuntimeError if it says nothing."""
    began = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        first = process.stdout.read(1) if process.stdout else b""
        seconds = time.monotonic() - began
        if process.stdout:
            process.stdout.read()
    if not first:
        raise RuntimeError(f"{' '.join(command)} has printed nothing")
    return seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How long commands take to their first output.")
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    parser.add_argument("--runs", type=int, default=RUNS)
    main(**vars(parser.parse_args()))
