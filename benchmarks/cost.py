"""What a brief costs with all caps lifted and both cores full, beside a plain Dramatiq program and a script.

    python -m benchmarks.cost [--briefs 400] [--rounds 3] [--speed 20] [--drafts 4] [--preprocessing 6]

The rivals (benchmarks/rivals) keep none of the promises: neither survives a kill or knows a cap. All three
drive the same briefs against the same sandbox, each on a Redis of its own that is synced at every write
(`IDENTITY_WORKER_FSYNC` says otherwise for all), with one worker process of 8 threads and one listener. The
jobs are short, so that nobody waits for them. The rounds take turns; told are the medians. Processor time is
that of worker, listener and Redis server.

Round trips and commands are counted in a run of their own, by a proxy before Redis, which would slow down the
others. There the jobs take as long as at the API, in proportion: so its timers fire as they do in production,
on an account that has had some jobs before.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import redis

from benchmarks.frame.proc import cpu_seconds
from benchmarks.frame.report import Figure, report
from benchmarks.harness import Setup, processes
from benchmarks.rivals import running

BRIEFS, ROUNDS, COUNTED = 400, 3, 100
#: Briefs before those that are counted.
BEFORE = 20
#: Median seconds of the API that the jobs take; the sandbox's own are ten times as long.
SPEED, DRAFTS, PREPROCESSING = 20.0, 4.0, 6.0
DEADLINE = 300.0
#: No caps, so that hundreds are in flight at once.
LIFTED: dict[str, Any] = {
    "jobs_cap": 100_000,
    "slots_cap": 100_000,
    "create_per_minute": 100_000,
    "promote_per_minute": 100_000,
    "credits": 10_000_000,
}
#: In what each figure is told, in the order in which they are.
UNITS = {
    "briefs_per_second": "1/s",
    "processor_ms": "ms a brief",
    "worker_ms": "ms a brief",
    "listener_ms": "ms a brief",
    "server_ms": "ms a brief",
    "commands": "a brief",
    "round_trips": "a brief",
    "worker_round_trips": "a brief",
    "listener_round_trips": "a brief",
    "sender_round_trips": "a brief",
}

Measured = dict[str, float]
Running = Callable[..., AbstractContextManager[Setup]]


def main(briefs: int, rounds: int, speed: float, drafts: float, preprocessing: float) -> dict[str, Any]:
    """Run all of them in turns, and tell what a brief has cost."""
    sandbox = {
        **LIFTED,
        "drafts_median_seconds": drafts,
        "preprocessing_median_seconds": preprocessing,
    }
    found: dict[str, list[Measured]] = {"ours": [], "dramatiq": [], "script": []}
    for _ in range(rounds):
        found["ours"].append(_installation(processes, briefs, speed, sandbox))
        found["dramatiq"].append(_installation(running.plain, briefs, speed, sandbox))
        found["script"].append(_script(briefs, speed, sandbox))
    medians = {who: _medians(each) for who, each in found.items()}
    for who, start in (("ours", processes), ("dramatiq", running.plain)):
        medians[who] |= _counts(start, min(briefs, COUNTED), speed)
    figures = {
        name: Figure(
            medians["ours"][name],
            unit,
            {who: medians[who][name] for who in ("dramatiq", "script") if name in medians[who]},
        )
        for name, unit in UNITS.items()
    }
    return report(
        "cost", figures, briefs=briefs, rounds=rounds, speed=speed, drafts=drafts, preprocessing=preprocessing
    )


def body(number: int) -> dict[str, Any]:
    """Return the body of a brief, unlike all others."""
    return {
        "name": f"Cost {number}",
        "instructions": [{"appearance": {"age": 20 + number % 40}, "num_variations": 1}],
    }


def briefs_of(count: int) -> list[dict[str, Any]]:
    """Return so many briefs, which were not sent before."""
    return [{"brief_id": f"cost-{uuid4().hex}", **body(number)} for number in range(count)]


def _installation(start: Running, briefs: int, speed: float, sandbox: dict[str, Any]) -> Measured:
    """Let worker and listener drive the briefs; return what each took."""
    with start(speed, **sandbox) as setup:
        before, began = _reading(setup), time.monotonic()
        setup.enqueue(briefs_of(briefs))
        setup.wait_finished(briefs, DEADLINE)
        seconds, after = time.monotonic() - began, _reading(setup)
    spent = {name: (after[name] - before[name]) / briefs for name in after}
    processor = spent["worker_ms"] + spent["listener_ms"] + spent["server_ms"]
    return {"briefs_per_second": briefs / seconds, "processor_ms": processor, **spent}


def _reading(setup: Setup) -> Measured:
    return {
        "worker_ms": 1000 * cpu_seconds(setup.worker),
        "listener_ms": 1000 * cpu_seconds(setup.listener),
        "server_ms": 1000 * setup.server_seconds(),
    }


def commands(client: "redis.Redis") -> int:
    """Return how many commands the server has run, those that functions and scripts call among them."""
    stats: Any = client.info("commandstats")
    return sum(row["calls"] for row in stats.values())


def _script(briefs: int, speed: float, sandbox: dict[str, Any]) -> Measured:
    with running.script(speed, **sandbox) as script:
        pid = script.process.pid
        before, began = cpu_seconds(pid), time.monotonic()
        script.drive([body(number) for number in range(briefs)])
        seconds, processor = time.monotonic() - began, cpu_seconds(pid) - before
    return {"briefs_per_second": briefs / seconds, "processor_ms": 1000 * processor / briefs}


def _counts(start: Running, briefs: int, speed: float) -> Measured:
    with start(speed, counted=True, **LIFTED) as setup:
        setup.enqueue(briefs_of(BEFORE))
        setup.wait_finished(BEFORE, DEADLINE)
        trips = setup.ground.trips
        before, called = {who: each.count for who, each in trips.items()}, commands(setup.client)
        setup.enqueue(briefs_of(briefs))
        setup.wait_finished(BEFORE + briefs, DEADLINE)
        made = {who: (each.count - before[who]) / briefs for who, each in trips.items()}
        inside = (commands(setup.client) - called) / briefs
    by_process = {f"{who}_round_trips": each for who, each in made.items()}
    return {"commands": inside, "round_trips": sum(made.values()), **by_process}


def _medians(rounds: Sequence[Measured]) -> Measured:
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What a brief costs.")
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--speed", type=float, default=SPEED)
    parser.add_argument("--drafts", type=float, default=DRAFTS)
    parser.add_argument("--preprocessing", type=float, default=PREPROCESSING)
    main(**vars(parser.parse_args()))
