"""How long a worker takes to start, by the number of its accounts; and to take a change of one of them.

    python -m benchmarks.start --accounts 1 1000 10000

A start is over when the worker has said that it is alive, which it does before it takes its first message.
The first start on a Redis puts the limits of all accounts on record, the second finds them there. A change is
over when the limit of one account that was changed in the accounts' file stands in Redis, where all decide by
it: files are looked at every few seconds, so most of that is waiting. Idle, it is the processor of a minute.
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

from benchmarks.frame.proc import cpu_seconds, memory_bytes
from benchmarks.frame.report import Figure, report
from benchmarks.harness import process_running
from benchmarks.many.working import accounts_file
from config import keys
from worker.store import embedded
from worker.store.connection import connect

ACCOUNTS = (1, 1_000, 10_000)
DEADLINE = 60.0
#: Seconds for which an idle worker is watched.
IDLE = 15.0


def main(counts: Sequence[int]) -> dict[str, Any]:
    """Start a worker with each number of accounts, and report what it took."""
    figures: dict[str, Figure] = {}
    for count in counts:
        figures |= {f"worker_{name}_{count}": figure for name, figure in measure(count).items()}
    return report("start", figures, accounts=list(counts))


def measure(accounts: int) -> dict[str, Figure]:
    """Return the seconds of the first and of a later start, and of the later one all that is measured."""
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
            return {"first_seconds": first, **_started(client, folder, environment, changes=True)}


def _started(
    client: "redis.Redis", folder: Path, environment: dict[str, str], *, changes: bool = False
) -> dict[str, Figure]:
    work = [str(Path(sys.executable).parent / "identity-worker"), "work"]
    client.delete(keys.WORKERS())
    began = time.monotonic()
    with process_running(work, folder / "worker.log", environment) as worker:
        while not client.zcard(keys.WORKERS()):
            if time.monotonic() > began + DEADLINE:
                raise TimeoutError((folder / "worker.log").read_text()[-1000:])
            time.sleep(0.005)
        found = {
            "seconds": Figure(time.monotonic() - began, "s"),
            "processor_seconds": Figure(cpu_seconds(worker.pid), "s"),
            "memory_mb": Figure(memory_bytes(worker.pid) / 2**20, "MB"),
        }
        return (
            {**found, **_changed(client, Path(environment["ACCOUNTS_FILE"]), worker.pid)}
            if changes
            else found
        )


def _changed(client: "redis.Redis", file: Path, pid: int) -> dict[str, Figure]:
    """Return the processor of a worker that has nothing to do, and what a changed account takes."""
    before = cpu_seconds(pid)
    time.sleep(IDLE)
    idle = (cpu_seconds(pid) - before) * 60 / IDLE
    before, began = cpu_seconds(pid), time.monotonic()
    file.write_text(file.read_text().replace('slots = "none"', "slots = 7", 1))
    while client.hget(keys.RECORD("account:a0"), "slots") != "7":
        if time.monotonic() > began + DEADLINE:
            raise TimeoutError("the change was not taken")
        time.sleep(0.02)
    return {
        "idle_processor_seconds": Figure(idle, "s a minute"),
        "change_seconds": Figure(time.monotonic() - began, "s"),
        "change_processor_seconds": Figure(cpu_seconds(pid) - before, "s"),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start")
    parser.add_argument("--accounts", type=int, nargs="+", default=ACCOUNTS)
    main(parser.parse_args().accounts)
