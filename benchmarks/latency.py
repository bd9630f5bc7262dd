"""How soon an idle system sends the next request: after a brief was queued, and after an event of the API.

    python -m benchmarks.latency [--briefs 60]

Measured on the wire, by one clock, in a proxy between the processes and the sandbox (`wiretap.py`). From the
moment in which Redis has acknowledged a brief, which is synced by then, to the first bytes of its create; and
from the moment in which the bytes of a finished job's event go on to the listener, to the first bytes of the
request for its drafts. One brief at a time: no queue is measured. The plain Dramatiq program
(benchmarks/rivals/plain.py) takes turns with us, brief by brief.
"""

import argparse
import time
from contextlib import ExitStack
from typing import Any

from benchmarks.cost import LIFTED, briefs_of
from benchmarks.frame.report import Figure, report
from benchmarks.harness import Setup, processes
from benchmarks.rivals import running

BRIEFS = 60
SPEED = 50.0
#: Short jobs.
QUICK: dict[str, Any] = {
    **LIFTED,
    "drafts_median_seconds": 5,
    "drafts_spread_seconds": 1,
    "preprocessing_median_seconds": 5,
    "preprocessing_spread_seconds": 1,
}
#: Seconds between two briefs, in which everybody falls idle.
PAUSE = 0.1


def main(briefs: int) -> dict[str, Any]:
    """Run briefs one after the other and tell the distribution."""
    queued: dict[str, list[float]] = {"ours": [], "dramatiq": []}
    with ExitStack() as stack:
        setups = {
            "ours": stack.enter_context(processes(SPEED, tapped=True, **QUICK)),
            "dramatiq": stack.enter_context(running.plain(SPEED, tapped=True, **QUICK)),
        }
        for number in range(briefs):
            for who, setup in setups.items():
                queued[who].append(_queue(setup, number))
        waits = {who: _after_queueing(setup, queued[who]) for who, setup in setups.items()}
        delays = {who: setup.ground.tap.delays_ms() for who, setup in setups.items()}
    figures = {
        **_figures("queue_to_create", waits),
        **_figures("event_to_request", delays),
    }
    return report("latency", figures, briefs=briefs)


def _queue(setup: Setup, number: int) -> float:
    """Queue a brief, and wait for its end; return when it was acknowledged."""
    time.sleep(PAUSE)
    setup.enqueue(briefs_of(1))
    acknowledged = time.perf_counter()
    setup.wait_finished(number + 1, deadline=60)
    return acknowledged


def _after_queueing(setup: Setup, queued: list[float]) -> list[float]:
    """Return the ms from each brief's acknowledgement to its create, which may have overtaken it."""
    creates = setup.ground.tap.creates
    if len(creates) != len(queued):
        raise RuntimeError(f"{len(creates)} creates of {len(queued)} briefs")
    return [1000 * max(0.0, sent - at) for at, sent in zip(queued, creates, strict=True)]


def _figures(name: str, taken: dict[str, list[float]]) -> dict[str, Figure]:
    return {
        f"{name}_p{at}_ms": Figure(
            _percentile(taken["ours"], at), "ms", {"dramatiq": _percentile(taken["dramatiq"], at)}
        )
        for at in (50, 95)
    }


def _percentile(numbers: list[float], at: int) -> float:
    return sorted(numbers)[len(numbers) * at // 100]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How soon the next request is sent.")
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    main(**vars(parser.parse_args()))
