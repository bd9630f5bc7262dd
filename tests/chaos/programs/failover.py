"""Failovers in turn under briefs: is anything paid for twice, is any brief lost, and when is bought again?

    python -m tests.chaos.programs.failover [--failovers N] [--without N] [--keepers WHICH] [--keep FOLDER]

Real Sentinels over a primary and its replica, and a real cluster; workers, listeners, and the sandbox with
answers that come late. The primary is killed, frozen, switched by hand, killed while its replica is behind,
and (by Sentinels) cut off from all but the workers. First with `IDENTITY_WORKER_REPLICAS=1`, under which
nothing may be lost or paid for twice, then a few times without, which only tells what that costs. The last
line is one JSON object; exits 1 when a promise was broken.

A server that is gone comes back as a replica once the other one leads, as a supervisor would have it: with
one replica wanted and none there, nothing is bought.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from sandbox.common.chance import draws
from tests.chaos.harness.fleet import QUICK, REAL
from tests.chaos.harness.orders import orders
from tests.chaos.harness.world import REPLICAS, World, world
from tests.chaos.invariants.invariants import Kind
from tests.chaos.replicas.bought import all_bought, bought, bought_since
from tests.chaos.replicas.replicated import Replicated
from tests.chaos.replicas.ways import KEEPERS, Way
from tests.servers.server import until

ACCOUNTS = 4
#: Briefs a second.
BRIEFS = 1.5
#: Half of the API's answers to paid calls come late.
LATE = {"kind": "delay", "chance": 0.5, "when": "after", "count": None}
PAID = ("/identity/create", "/identity/promote-generated", "/preset/extract-from-image")
#: Seconds between two failovers.
CALM = (2.0, 5.0)
#: Seconds in which all must be quiet after the last one.
QUIET = 300.0


class Pace(NamedTuple):
    """How fast everything is."""

    commands: Any
    speed: float
    timeout: float
    """Seconds that an answer of the API may take."""
    late: float
    """Seconds that one takes which comes late."""


PACES = {"real": Pace(REAL, 60.0, 3.0, 2.0), "quick": Pace(QUICK, 200.0, 1.0, 0.6)}


class Moments(NamedTuple):
    """Of one failover (time.monotonic): when it began, and when the replica led."""

    way: str
    began: float
    led: float


def run(
    keepers: str, failovers: int, replicas: int, *, quick: bool = False, keep: Path | None = None
) -> dict[str, Any]:
    """Let the primary be replaced so many times under briefs; return the figures."""
    keeping, pace = KEEPERS[keepers], PACES["quick" if quick else "real"]
    with world(
        accounts=ACCOUNTS,
        speed=pace.speed,
        timeout=pace.timeout,
        commands=pace.commands,
        workers=2,
        listeners=2,
        servers=keeping.servers,
        more={REPLICAS: str(replicas), **keeping.environment},
        keep=keep,
    ) as made:
        for path in PAID:
            made.control("POST", "faults", {**LATE, "path": path, "seconds": pace.late})
        over = Event()
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(_send, made, over)
            try:
                _until(lambda: all(bought(made).values()))  # what the API has never listed, it may never
                moments = list(_failovers(made, keeping.ways, failovers, patient=not replicas))
            finally:
                over.set()
            sending.result()
        mended = time.monotonic()
        breaches = made.wait_until_quiet(QUIET)
        quiet = time.monotonic() - mended
        for breach in breaches:
            print(f"{keepers}, {replicas} replicas: {breach.kind}: {breach.subject} {breach.what}")
        kinds = Counter(breach.kind for breach in breaches)
        briefs = made.briefs()
        resumed = list(_resumed(made, moments))
    states = Counter(brief.state for brief in briefs)
    return {
        "failovers": failovers,
        "briefs": len(briefs),
        **{state: states[state] for state in ("done", "failed", "held")},
        "held_why": dict(Counter(_reason(brief.question or "") for brief in briefs if brief.state == "held")),
        **{kind.value: kinds[kind] for kind in Kind},
        "seconds_to_resume": {
            "median": round(statistics.median(resumed), 1),
            "worst": round(max(resumed), 1),
            "worst_by_way": _worst(moments, resumed),
            "each": [round(seconds, 1) for seconds in resumed],
        },
        "seconds_until_quiet": round(quiet, 1),
    }


def _send(made: World, over: Event) -> None:
    """Send briefs at an even pace until it is over; those of an outage come as soon as Redis is back."""
    began = time.monotonic()
    for number, brief in enumerate(orders(1, 100_000, list(made.accounts))):
        if over.wait(max(0.0, began + number / BRIEFS - time.monotonic())):
            return
        made.send(brief)


def _failovers(made: World, ways: Mapping[str, Way], failovers: int, *, patient: bool) -> Iterator[Moments]:
    """Have a replica take over so many times; `patient`: not again before something was bought."""
    servers, calm = made.store, draws(1, "failovers")
    assert isinstance(servers, Replicated)
    for number in range(failovers):
        name = list(ways)[number % len(ways)]
        until(servers.keepers.is_whole)
        time.sleep(calm.uniform(*CALM))
        moments = _failover(servers, name, ways[name])
        if patient:
            _until(partial(bought_since, made, moments.led))
        yield moments
    until(servers.keepers.is_whole)


def _failover(servers: Replicated, name: str, way: Way) -> Moments:
    old = servers.keepers.primary
    way.prepare(servers)
    began = time.monotonic()
    way.strike(servers)
    servers.keepers.left(old)
    led = time.monotonic()
    way.heal(servers)
    print(f"{name}: the replica led after {led - began:.1f} s", flush=True)
    return Moments(name, began, led)


def _resumed(made: World, moments: list[Moments]) -> Iterator[float]:
    """Yield of each failover the seconds until the API was sent a create again, once the new primary led."""
    created = all_bought(made)
    for moment in moments:
        yield next((at for at in created if at >= moment.led), time.monotonic()) - moment.began


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + QUIET
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {QUIET:.0f} s: {condition}")
        time.sleep(0.5)


def _worst(moments: list[Moments], resumed: list[float]) -> dict[str, float]:
    worst: dict[str, float] = {}
    for moment, seconds in zip(moments, resumed, strict=True):
        worst[moment.way] = max(worst.get(moment.way, 0.0), round(seconds, 1))
    return worst


def _reason(question: str) -> str:
    return question.partition("(")[2].partition(")")[0].partition(";")[0] or question[:60]


def main(
    failovers: int, without: int, keepers: list[str], *, quick: bool = False, keep: Path | None = None
) -> dict[str, Any]:
    """Return the figures: on top those of all failovers with a replica wanted, below each run's."""
    runs: dict[str, Any] = {}
    for name in keepers:
        for replicas, times in ((1, failovers), (0, without)):
            called = f"{name}_replicas_{replicas}"
            if times:
                runs[called] = _apart(name, times, replicas, quick, None if keep is None else keep / called)
                print(called, json.dumps(runs[called]), flush=True)
    counted = [figures for called, figures in runs.items() if called.endswith("_1")]
    sums = {
        name: sum(figures[name] for figures in counted)
        for name in ("failovers", "briefs", "paid_twice", "lost", "held")
    }
    resumed = [seconds for figures in counted for seconds in figures["seconds_to_resume"]["each"]]
    told = {"median": statistics.median(resumed), "worst": max(resumed)} if resumed else None
    return {**sums, "seconds_to_resume": told, "runs": runs}


def _apart(keepers: str, failovers: int, replicas: int, quick: bool, keep: Path | None) -> dict[str, Any]:
    """Do one run in a process of its own, as a namespace is one's environment's; return the figures."""
    command = [sys.executable, "-m", "tests.chaos.programs.failover", "--keepers", keepers]
    command += ["--failovers", str(failovers), "--replicas", str(replicas)]
    command += ["--quick"] if quick else []
    command += [] if keep is None else ["--keep", str(keep)]
    environment = os.environ | KEEPERS[keepers].environment
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = ""
        for line in process.stdout:
            print(line, end="", flush=True)
    if process.returncode:
        raise RuntimeError(f"a run ended with {process.returncode}")
    return json.loads(line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.programs.failover")
    parser.add_argument("--failovers", type=int, default=30, help="with a replica wanted")
    parser.add_argument("--without", type=int, default=10, help="with none wanted")
    parser.add_argument("--keepers", choices=KEEPERS, action="append")
    parser.add_argument("--replicas", type=int, help="one run alone, with so many wanted")
    parser.add_argument("--quick", action="store_true", help="with shorter waits, as the tests")
    parser.add_argument("--keep", type=Path, help="a folder for the logs and Redis' files")
    given = parser.parse_args()
    keepers = given.keepers or list(KEEPERS)
    if given.replicas is not None:
        alone = run(keepers[0], given.failovers, given.replicas, quick=given.quick, keep=given.keep)
        print(json.dumps(alone))
        sys.exit()
    result = main(given.failovers, given.without, keepers, quick=given.quick, keep=given.keep)
    print(json.dumps(result))
    sys.exit(bool(result["paid_twice"] or result["lost"]))
