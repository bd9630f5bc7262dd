"""What one brief costs, of 500 with all caps lifted: processor time here and in Redis, and commands of Redis.

    python -m benchmarks.cost [BRIEFS]

Beside it, in the same run, what two programs without any of the promises take: stock Dramatiq with four
actors that poll by delayed messages, and threads that do nothing but call the API by httpx
(benchmarks/caps/rivals.py). Both look at a job every 5 seconds of the API, as the vendor's clients do.
Neither survives a kill, knows a cap, or tells anybody anything. The last line is one JSON object.
"""

import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import redis

from benchmarks.caps import rivals
from benchmarks.harness import Setup, cpu_seconds, processes, sandbox_process
from worker.store import embedded
from worker.store.connection import connect

BRIEFS, SPEED = 500, 20.0
#: No caps, and jobs long enough (in the sandbox's time) that hundreds are in flight at once.
LIFTED: dict[str, Any] = {
    "jobs_cap": 100_000,
    "slots_cap": 100_000,
    "create_per_minute": 100_000,
    "promote_per_minute": 100_000,
    "credits": 10_000_000,
}
#: Threads of the script: each has one brief in hand.
THREADS = 100
#: Commands by which a client has something run in the server.
CALLS = ("evalsha", "fcall", "fcall_ro", "blmove", "blpop", "exec")
#: What is compared with the others.
COMPARED = {"dramatiq": ("cpu_ms", "redis_ms", "redis_commands"), "script": ("cpu_ms",)}

Drive = Callable[[str, float, Sequence[rivals.Body], str], None]


def main(briefs: int) -> None:
    """Run the briefs in each way, and print the cost of one."""
    bodies = [body(number) for number in range(briefs)]
    ours = _ours(bodies)
    others = {"dramatiq": _rival(rivals.four_actors, bodies), "script": _rival(script, bodies)}
    ratios = {
        f"{name}_to_ours": {field: round(others[name][field] / ours[field], 2) for field in COMPARED[name]}
        for name in others
    }
    result: dict[str, Any] = {"briefs": briefs, **ours, **others, **ratios}
    for name, value in result.items():
        print(f"{name:30} {value if isinstance(value, dict) else f'{value:>10}'}")
    print(json.dumps(result))


def _ours(bodies: Sequence[rivals.Body]) -> dict[str, float]:
    with processes(SPEED, **LIFTED) as setup:
        before, began, sender = _reading(setup), time.monotonic(), time.process_time()
        setup.enqueue([{"brief_id": f"cost-{number}", **body} for number, body in enumerate(bodies)])
        sender = time.process_time() - sender
        setup.wait_finished(len(bodies), deadline=300)
        seconds = time.monotonic() - began
        after = _reading(setup)
    spent = {name: (after[name] - before[name]) / len(bodies) for name in after}
    return {
        "seconds": round(seconds, 1),
        "briefs_per_second": round(len(bodies) / seconds, 1),
        "cpu_ms": round(1000 * (spent["worker"] + spent["listener"] + sender / len(bodies)), 2),
        "worker_cpu_ms": round(1000 * spent["worker"], 2),
        "listener_cpu_ms": round(1000 * spent["listener"], 2),
        "sender_cpu_ms": round(1000 * sender / len(bodies), 2),
        "redis_ms": round(1000 * spent["redis"], 2),
        "redis_round_trips": round(spent["round_trips"], 1),
        "redis_commands": round(spent["commands"], 1),
    }


def _rival(drive: Drive, bodies: Sequence[rivals.Body]) -> dict[str, float]:
    """Let another program drive the briefs, in a process and with a Redis and an API of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded.running(Path(folder, "valkey")) as redis_url,
        sandbox_process(SPEED, **LIFTED) as api_url,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
    ):
        client = connect(redis_url)
        before, began = _of_server(client), time.monotonic()
        cpu = pool.submit(_driven, drive, api_url, bodies, redis_url).result()
        after, seconds = _of_server(client), time.monotonic() - began
    spent = {name: (after[name] - before[name]) / len(bodies) for name in after}
    return {
        "seconds": round(seconds, 1),
        "cpu_ms": round(1000 * cpu / len(bodies), 2),
        "redis_ms": round(1000 * spent["redis"], 2),
        "redis_commands": round(spent["commands"], 1),
    }


def _driven(drive: Drive, url: str, bodies: Sequence[rivals.Body], redis_url: str) -> float:
    """Return the processor seconds that it took this process."""
    began = time.process_time()
    drive(url, SPEED, bodies, redis_url)
    return time.process_time() - began


def script(url: str, speed: float, bodies: Sequence[rivals.Body], _redis_url: str) -> None:
    """Drive the briefs without any queue."""
    rivals.poll(url, speed, bodies, THREADS)


def body(number: int) -> dict[str, object]:
    """Return the body of a brief, unlike all others."""
    return {
        "name": f"Cost {number}",
        "instructions": [{"appearance": {"age": 20 + number % 40}, "num_variations": 1}],
    }


def _reading(setup: Setup) -> dict[str, float]:
    return {
        "worker": cpu_seconds(setup.worker),
        "listener": cpu_seconds(setup.listener),
        **_of_server(setup.client),
    }


def _of_server(client: "redis.Redis") -> dict[str, float]:
    """Round trips are what clients sent; commands are also what is called within these."""
    stats, cpu = client.info("commandstats"), client.info("cpu")
    calls = {name.removeprefix("cmdstat_"): row["calls"] for name, row in stats.items()}
    return {
        "redis": float(cpu["used_cpu_sys"]) + float(cpu["used_cpu_user"]),
        "round_trips": sum(calls.get(name, 0) for name in CALLS),
        "commands": sum(calls.values()),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else BRIEFS)
