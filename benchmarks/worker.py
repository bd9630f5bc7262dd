"""How many saturated accounts one worker holds, by the API's latency, and what it takes for them.

    python -m benchmarks.worker
    python -m benchmarks.worker --accounts 1000 --latency 0.3 2 --threads 768

A saturated account makes 5 briefs a minute, the most that its limits allow. They are sent evenly, so that
each account sends one every 12 seconds, to a worker beside a raw API (benchmarks/raw_api.py). Measured
are, once all are under way, the briefs a second that end, how many seconds of them are not at their end, the
processor and memory of all processes of the worker, and the processor of Redis.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis

from actors.broker.broker import Broker, brief_message
from benchmarks.frame.proc import cpu_seconds, memory_bytes
from benchmarks.frame.report import Figure, report
from benchmarks.many.working import at_work, name_of
from config import keys

#: Briefs a second of one saturated account, and the accounts of the goal.
EACH = 5 / 60
SATURATED = 1_000
#: Seconds of a job at the API, and in which a worker that keeps up has ended all of a brief but its calls.
JOB, MARGIN = 1.0, 4.0
#: Threads that send briefs.
SENDERS = 8
#: Calls of the API that a brief takes, one after the other.
CALLS = 4


def main(given: argparse.Namespace) -> dict[str, Any]:
    """Measure each mode, and report it."""
    figures: dict[str, Figure] = {}
    for threads in given.threads:
        for processes in given.processes:
            for latency in given.latency:
                row = measure(given.accounts, latency, processes, threads, given.seconds)
                mode = f"{latency:g}s" if latency >= 1 else f"{1000 * latency:g}ms"
                mode += "" if processes == 1 else f"_{processes}_processes"
                mode += "" if given.accounts == SATURATED else f"_{given.accounts}_accounts"
                mode += "" if len(given.threads) == 1 else f"_{threads}_threads"
                figures |= {f"{name}_{mode}": figure for name, figure in row.items()}
    return report("worker", figures, **vars(given))


def measure(accounts: int, latency: float, processes: int, threads: int, seconds: float) -> dict[str, Figure]:
    """Return what a worker makes of so many saturated accounts."""
    with at_work(accounts, latency, JOB, processes=processes, threads=threads) as worker:
        return _watched(worker.client, worker.url, accounts, latency, seconds, worker.pid)


def _watched(
    client: "redis.Redis", url: str, accounts: int, latency: float, seconds: float, worker: int
) -> dict[str, Figure]:
    """Send briefs, wait until all that belongs to them is under way, and watch for so many seconds."""
    takes = CALLS * latency + 2 * JOB + MARGIN
    before: dict[str, float] = {}
    began = time.monotonic()
    for sent in _sending(url, accounts, takes + seconds):
        now = time.monotonic() - began
        if not before and now >= takes:
            before = {"at": now, "sent": sent, **_reading(client, worker)}
    after = {"at": time.monotonic() - began, "sent": sent, **_reading(client, worker)}
    passed, asked, finished, worker_seconds, redis_seconds = (
        after[name] - before[name] for name in ("at", "sent", "finished", "worker", "redis")
    )
    return {
        "sent_per_second": Figure(asked / passed, "1/s"),
        "briefs_per_second": Figure(finished / passed, "1/s"),
        "accounts_held": Figure(finished / passed / EACH, "accounts"),
        "seconds_under_way": Figure((after["sent"] - after["finished"]) / (accounts * EACH), "s"),
        "cores": Figure(worker_seconds / passed, "cores"),
        "processor_ms": Figure(1000 * worker_seconds / max(1, finished), "ms a brief"),
        "redis_ms": Figure(1000 * redis_seconds / max(1, finished), "ms a brief"),
        "memory_mb": Figure(memory_bytes(worker) / 2**20, "MB"),
    }


def _sending(url: str, accounts: int, seconds: float) -> Iterator[int]:
    """Send a brief of each account in turn, at the rate of them all; yield how many were sent."""
    broker, began, sent = Broker(url), time.monotonic(), 0
    with ThreadPoolExecutor(SENDERS) as pool:  # each write is synced
        while (now := time.monotonic() - began) < seconds:
            due = range(sent, math.ceil(now * accounts * EACH))
            list(pool.map(lambda number: send_brief(broker, number, name_of(number % accounts)), due))
            sent += len(due)
            yield sent
            time.sleep(0.05)


def send_brief(broker: Broker, number: int, account: str) -> None:
    """Send the brief of a number, `bN`."""
    face = {"appearance": {"age": 20 + number % 40}, "num_variations": 1}
    brief = {"brief_id": f"b{number}", "account": account, "instructions": [face]}
    broker.enqueue(brief_message(json.dumps(brief)))


def _reading(client: "redis.Redis", worker: int) -> dict[str, float]:
    cpu = client.info("cpu")
    return {
        "finished": client.zcard(keys.FINISHED()),
        "redis": float(cpu["used_cpu_sys"]) + float(cpu["used_cpu_user"]),
        "worker": cpu_seconds(worker),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker")
    parser.add_argument("--accounts", type=int, default=60)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 0.3, 2.0])
    parser.add_argument("--processes", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, nargs="+", default=[64])
    parser.add_argument("--seconds", type=float, default=10.0)
    return parser.parse_args()


if __name__ == "__main__":
    main(_arguments())
