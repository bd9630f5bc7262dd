"""Whether a large batch starves a small one: 500 briefs, and then 5 more in a batch of their own.

    python -m benchmarks.caps.fairness

The 5 come once the 500 are well under way. They are to be ready within 1.5 times the time that they would
take on their own share: on an account of half the caps that has nothing else to do. Half of 5 is no whole
number: `seconds_on_half` lies in the middle between 2 and 3 of each, and `ratio` and `worst` are against it;
`strict_ratio` and `strict_worst` are against 3 of each, which is more than the share.
In virtual time over the real functions, the median of several moments of coming (how long the jobs then in
flight still run is luck), and the worst of them; then once with the real processes and a smaller batch.
The sandbox's default durations: about 40 s for drafts, 60 s for preprocessing.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import redis

from benchmarks.caps.virtual import Simulation
from benchmarks.frame.report import Figure, report
from benchmarks.harness import SEED, Setup, processes
from config import keys
from config.accounts.names import DEFAULT
from sandbox.common.chance import draws, duration
from worker.ledger.records import parse_subject
from worker.store import embedded
from worker.store.connection import connect

LARGE, SMALL = 500, 5
#: Finished briefs of the large batch when the small one comes.
UNDER_WAY = range(20, 52, 4)
REAL_LARGE, REAL_UNDER_WAY, REAL_SPEED = 60, 5, 40.0
WHOLE = {"jobs": 5, "slots": 0, "create_per_minute": 5, "promote_per_minute": 5}
LESS = {"jobs": 2, "slots": 0, "create_per_minute": 2, "promote_per_minute": 2}
MORE = {"jobs": 3, "slots": 0, "create_per_minute": 3, "promote_per_minute": 3}
#: Median seconds of the two jobs of a brief.
SECONDS = {"brief": 40.0, "promotion": 60.0}


def main() -> dict[str, Any]:
    """Measure in virtual time and in real time, and tell both."""
    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as url:
        client = connect(url)
        client.config_set("appendonly", "no")  # nothing here is to outlive the block
        beside = [_virtual(client, WHOLE, LARGE, under_way) for under_way in UNDER_WAY]
        virtual = _figures(beside, *[_virtual(client, limits) for limits in (LESS, MORE, WHOLE)])
    real = _figures([_real(WHOLE, REAL_LARGE)], *[_real(limits) for limits in (LESS, MORE, WHOLE)])
    figures = {name: _told(name, each) for name, each in virtual.items()}
    figures |= {f"real_{name}": _told(name, each) for name, each in real.items()}
    return report("fairness", figures)


def _told(name: str, number: float) -> Figure:
    return Figure(number, "s" if name.startswith("seconds") else "times as long")


def _figures(beside: list[float], less: float, more: float, whole: float) -> dict[str, Any]:
    half = (less + more) / 2
    return {
        "ratio": round(statistics.median(beside) / half, 3),
        "worst": round(max(beside) / half, 3),
        "strict_ratio": round(statistics.median(beside) / more, 3),
        "strict_worst": round(max(beside) / more, 3),
        "seconds_beside_the_large": round(statistics.median(beside), 1),
        "seconds_on_half": round(half, 1),
        "seconds_on_two": round(less, 1),
        "seconds_on_three": round(more, 1),
        "seconds_on_the_whole": round(whole, 1),
    }


def _virtual(client: "redis.Redis", limits: dict[str, int], large: int = 0, under_way: int = 0) -> float:
    """Return the seconds that the small batch takes that comes when so many of a large one are finished."""
    client.flushall()
    client.hset(keys.RECORD(f"account:{DEFAULT}"), items=[each for pair in limits.items() for each in pair])
    simulation = Simulation(client, takes=_takes)
    for number in range(large):
        simulation.accept(f"large-{number}", DEFAULT, "large")
    simulation.flush()
    simulation.settle()
    while len(simulation.finished) < under_way:
        simulation.step()
    came = simulation.now
    small = [f"small-{number}" for number in range(SMALL)]
    for brief in small:
        simulation.accept(brief, DEFAULT, "small")
    simulation.flush()
    simulation.settle()
    while not simulation.finished.keys() >= set(small):
        simulation.step()
    return (simulation.now - came) / 1000


def _takes(subject: str) -> int:
    median = SECONDS[parse_subject(subject).kind]
    return round(1000 * duration(draws(SEED, subject), median, spread=median / 4))


def _real(limits: dict[str, int], large: int = 0) -> float:
    """Return the same of the real processes, in seconds of the API."""
    room: dict[str, Any] = {"slots_cap": 1_000, "credits": 1_000_000}
    with processes(REAL_SPEED, limits, **room) as setup:
        setup.enqueue([_brief("large", number) for number in range(large)])
        if large:
            setup.wait_finished(REAL_UNDER_WAY, deadline=120)
        began = time.monotonic()
        setup.enqueue([_brief("small", number) for number in range(SMALL)])
        _wait_for_small(setup, deadline=began + 240)
        return (time.monotonic() - began) * REAL_SPEED


def _brief(batch: str, number: int) -> dict[str, Any]:
    instruction = {"appearance": {"age": 20 + number % 40}, "num_variations": 1}
    return {
        "brief_id": f"{batch}-{number}",
        "batch": batch,
        "name": f"{batch} {number}",
        "instructions": [instruction],
    }


def _wait_for_small(setup: Setup, deadline: float) -> None:
    small = [f"small-{number}" for number in range(SMALL)]
    while None in setup.client.zmscore(keys.FINISHED(), small):
        if time.monotonic() > deadline:
            raise TimeoutError("the small batch was not finished in time")
        setup.client.xread({keys.EVENTS(): "$"}, block=100)


if __name__ == "__main__":
    main()
