"""Run briefs while everything is broken, then look whether all is as it must be: `make chaos`.

    python -m tests.chaos.programs.everything [--seconds S] [--seed N] [--events C] [--quick] [--keep FOLDER]

Faults for S seconds: processes killed, frozen and deployed, Redis killed, frozen and away, connections
reset, the API, its streams and its webhooks failing in every way that the sandbox knows, tokens rotated,
messages sent again; `web`, which takes every third brief and changes every fifth, and `deliver` killed and
frozen, and the endpoints of webhooks failing; persons choose, retry and end briefs by HTTP. All clocks are
minutes apart. Then nobody breaks anything, until all is quiet. Prints each breach of
`tests.chaos.invariants.invariants`; the last line is one JSON object; exits 1 when there is a breach.

Events come by stream (sse), by webhook, or each by both: as the seed says unless `--events` does. With an
even seed Redis is a primary and a replica under Sentinels, and what happens to it has the replica take over.
`--quick` shortens the waits of the processes, for the tests (`tests.chaos.programs.quick`).
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from actors.broker.library import MOST_DEATHS
from sandbox.common.chance import draws
from tests.chaos.harness.around import MORE, Around, around
from tests.chaos.harness.breaking import Breaker
from tests.chaos.harness.fleet import QUICK, REAL
from tests.chaos.harness.orders import orders
from tests.chaos.harness.plan import Fault, plan, plan_around
from tests.chaos.harness.store import store
from tests.chaos.harness.world import FAILURES, REPLICAS, Channel, World, world
from tests.chaos.invariants.invariants import Breach, Kind
from tests.chaos.persons.steering import for_persons, persons
from tests.chaos.replicas.replicated import by_sentinels
from worker.views.models import BriefView

WORKERS, LISTENERS, WEBS, ACCOUNTS = 3, 2, 2, 4
#: Briefs between one that is sent and the earlier one that is changed by HTTP.
_EARLIER = 10
CHANNELS: tuple[Channel, ...] = ("sse", "webhook", "both")


class Pace(NamedTuple):
    """How fast everything is."""

    commands: Any
    speed: float
    timeout: float
    """Seconds that an answer of the API may take."""
    frozen: float
    """Seconds that are longer than any sign of life is waited for."""
    quiet: float
    """Seconds in which all must be quiet after the last fault."""
    briefs: float
    """Briefs a second."""


PACES = {
    "real": Pace(REAL, speed=60, timeout=3, frozen=8, quiet=300, briefs=1.2),
    "quick": Pace(QUICK, speed=200, timeout=1, frozen=2.5, quiet=90, briefs=6),
}


def main(
    seconds: float, seed: int, pace: Pace, keep: Path | None = None, events: Channel | None = None
) -> dict[str, Any]:
    """Run it; return the figures, with the breaches by their kinds."""
    channel = events or CHANNELS[seed % len(CHANNELS)]
    replicated = seed % 2 == 0
    with (
        world(
            accounts=ACCOUNTS,
            speed=pace.speed,
            timeout=pace.timeout,
            commands=pace.commands,
            workers=WORKERS,
            listeners=LISTENERS,
            webs=WEBS,
            events=channel,
            clocks=draws(seed, "clocks"),
            keep=keep,
            proxied=True,
            servers=by_sentinels if replicated else store,
            more={**MORE, **({REPLICAS: "1"} if replicated else {})},
            **FAILURES,
        ) as made,
        around(made) as beside,
        persons(beside.ask, seed) as steering,
    ):
        breaker = Breaker(made, beside)
        faults = plan(seed, seconds, pace.frozen, channel, replicated=replicated)
        faults = sorted([*faults, *plan_around(seed, seconds, pace.frozen)], key=lambda fault: fault.at)
        _break(made, breaker, faults, seconds, seed, pace, beside)
        mended = time.monotonic()
        breaches = made.wait_until_quiet(pace.quiet)
        quiet = time.monotonic() - mended
        breaches += beside.breaches(pace.quiet)
        briefs = made.briefs()
        breaches += steering.breaches(made.store.client, briefs)
    for breach in breaches:
        print(f"{breach.kind}: {breach.subject} {breach.what}")
    return {
        **_figures(briefs, breaches),
        "faults": dict(sorted(breaker.made.items())),
        "steered": steering.figures,
        "seconds_until_quiet": round(quiet, 1),
        "channel": channel,
        "replicated": replicated,
        "seed": seed,
    }


def _break(
    made: World,
    breaker: Breaker,
    faults: list[Fault],
    seconds: float,
    seed: int,
    pace: Pace,
    beside: Around,
) -> None:
    """Make the faults when they are due, while briefs are sent at an even pace."""
    began = time.monotonic()
    # In a thread of its own: a sender that waits for Redis must not keep the fault from its end.
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(_send, made, began, seconds, seed, pace, beside)
        for fault in faults:
            _until(began + fault.at, breaker.end_due)
            breaker.make(fault)
        breaker.mend()
        sending.result()


def _send(made: World, began: float, seconds: float, seed: int, pace: Pace, beside: Around) -> None:
    """Send the briefs, every third by HTTP, and change every fifth by HTTP."""
    found = for_persons(seed, orders(seed, round(seconds * pace.briefs), list(made.accounts)))
    for number, brief in enumerate(found):
        _until(began + number / pace.briefs)
        (beside if number % 3 == 0 else made).send(brief)
        if number % 5 == 0 and number >= _EARLIER:
            beside.mark(f"brief-{number - _EARLIER}", number)


def _until(at: float, meanwhile: Callable[[], None] = lambda: None) -> None:
    meanwhile()
    while (wait := at - time.monotonic()) > 0:
        time.sleep(min(wait, 0.05))
        meanwhile()


def _figures(briefs: list[BriefView], breaches: list[Breach]) -> dict[str, Any]:
    states, kinds = Counter(brief.state for brief in briefs), Counter(breach.kind for breach in breaches)
    return {
        "briefs": len(briefs),
        **{state: states[state] for state in ("done", "failed", "held", "cancelled")},
        "questions": Counter(brief.question for brief in briefs if brief.state == "held"),
        # Innocent ones: what ran in a process whenever it was killed is taken for the cause.
        "held_after_kills": sum(f"{MOST_DEATHS} workers died" in (brief.question or "") for brief in briefs),
        **{kind.value: kinds[kind] for kind in Kind},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.programs.everything")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", choices=CHANNELS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder for the logs and Redis' files")
    given = parser.parse_args()
    pace = PACES["quick" if given.quick else "real"]
    result = main(given.seconds, given.seed, pace, given.keep, given.events)
    print(json.dumps(result))
    sys.exit(any(result[kind] for kind in Kind))
