"""How long a worker takes to start, by the number of its accounts, and the memory that it has then.

    python -m benchmarks.start --accounts 1 1000 10000

A start is over when the worker has said that it is alive, which it does before it takes its first message.
The first start on a Redis puts the limits of all accounts on record, the second finds them there.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

from benchmarks.frame.report import Figure, report
from benchmarks.harness import cpu_seconds, process_running
from benchmarks.worker import accounts_file, memory
from config import keys
from worker.store import embedded
from worker.store.connection import connect

ACCOUNTS = (1, 1_000, 10_000)
DEADLINE = 60.0


def main(counts: Sequence[int]) -> dict[str, Any]:
    """Start a worker with each number of accounts, and report what it took."""
    figures: dict[str, Figure] = {}
    for count in counts:
        figures |= {f"worker_{name}_{count}": figure for name, figure in measure(count).items()}
    return report("start", figures, accounts=list(counts))


def measure(accounts: int) -> dict[str, Figure]:
    """Return the seconds of the first and of a later start, and of the later one processor and memory."""
    with tempfile.TemporaryDirectory() as name, embedded.running(Path(name, "valkey")) as url:
        folder = Path(name)
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "REDIS_URL": url,
            "PIKTID_API_URL": "http://127.0.0.1:9",  # discard: nobody is called
            "ACCOUNTS_FILE": str(accounts_file(folder, accounts)),
        }
        with connect(url) as client:
            first = _started(client, folder, environment)["seconds"]
            return {"first_seconds": first, **_started(client, folder, environment)}


def _started(client: "redis.Redis", folder: Path, environment: dict[str, str]) -> dict[str, Figure]:
    work = [str(Path(sys.executable).parent / "identity-worker"), "work"]
    client.delete(keys.WORKERS())
    began = time.monotonic()
    with process_running(work, folder / "worker.log", environment) as worker:
        while not client.zcard(keys.WORKERS()):
            if time.monotonic() > began + DEADLINE:
                raise TimeoutError((folder / "worker.log").read_text()[-1000:])
            time.sleep(0.005)
        return {
            "seconds": Figure(time.monotonic() - began, "s"),
            "processor_seconds": Figure(cpu_seconds(worker.pid), "s"),
            "memory_mb": Figure(memory(worker.pid) / 2**20, "MB"),
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start")
    parser.add_argument("--accounts", type=int, nargs="+", default=ACCOUNTS)
    main(parser.parse_args().accounts)
