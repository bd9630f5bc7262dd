"""Redis misbehaving in every way, under running briefs: it must heal without a restart of ours.

    python -m tests.chaos.programs.nemesis [--quick] [NAME...]

Each of the ways below in a world of its own. Afterwards nothing that was acknowledged may be lost, nothing
may have run twice with effect, and none of our processes may have ended. `--quick` shortens each, for the
tests, with processes whose waits are shorter too. The last line is one JSON object; exits 1 when it was not
so.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from tests.chaos.harness.cutting import Cutting, cutting
from tests.chaos.harness.fleet import QUICK, REAL
from tests.chaos.harness.orders import orders
from tests.chaos.harness.world import World, world
from tests.chaos.programs.nemesis_ways import SPEEDS, WAYS, Nemesis

#: Seconds in which all must be quiet after the last fault.
QUIET = 240.0
#: Briefs a second, and how many of them before the trouble begins.
BRIEFS, BEFORE = 5.0, 10
SPEED = 100.0


def trouble(
    names: Sequence[str], *, quick: bool, speed: float = SPEED, keep: Path | None = None
) -> dict[str, Any]:
    """Let Redis misbehave in one way after the other while briefs keep coming; return what came of it."""
    found: list[Cutting] = []

    @contextmanager
    def proxied(url: str) -> Iterator[str]:
        with cutting(url) as proxy:
            found.append(proxy)
            yield proxy.url

    with world(
        accounts=2,
        speed=speed,
        timeout=2,
        commands=QUICK if quick else REAL,
        workers=2,
        between=proxied,
        keep=keep,
    ) as made:
        run = Nemesis(made, found[0], not quick)
        over, briefs = Event(), iter(orders(9, 10_000, list(made.accounts)))
        for _ in range(BEFORE):
            made.send(next(briefs))
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(_send, run, briefs, BRIEFS * speed / SPEED, over)
            try:
                for name in names:
                    WAYS[name](run)
            finally:
                over.set()
            sending.result()
        mended = time.monotonic()
        breaches = made.wait_until_quiet(QUIET)
        return {
            "briefs": dict(Counter(brief.state for brief in made.briefs())),
            "answers_lost": found[0].lost,
            "forgotten": len(made.forgotten),
            "paid_again": _paid_again(made),
            "seconds_until_quiet": round(time.monotonic() - mended, 1),
            "ended": [code for member in made.fleet.members for code in member.deaths],
            "breaches": [f"{each.kind}: {each.subject} {each.what}" for each in breaches],
        }


def _send(run: Nemesis, briefs: Iterator[dict[str, Any]], a_second: float, over: Event) -> None:
    """Send briefs at an even pace until it is over."""
    while not over.wait(1 / a_second):
        with run.sending:
            brief = next(briefs)
            run.made.send(brief)
            run.sent.append(brief)


def _paid_again(made: World) -> int:
    """Return how many briefs have more than one creation job."""
    jobs = Counter(
        job["name"]
        for account in made.ledger()["accounts"].values()
        for job in account["jobs"]
        if job["job_type"] == "identity_creation"
    )
    return sum(count > 1 for count in jobs.values())


def is_healed(outcome: dict[str, Any]) -> bool:
    """Whether nothing was lost or done twice, and no process of ours has ended."""
    return not outcome["ended"] and not outcome["breaches"]


def main(names: list[str], *, quick: bool) -> int:
    """Run these ways and print what came of each; return the exit code."""
    outcomes = {}
    for name in names:
        outcomes[name] = trouble([name], quick=quick, speed=SPEEDS.get(name, SPEED))
        print(name, json.dumps(outcomes[name]), flush=True)
    print(json.dumps({name: is_healed(outcome) for name, outcome in outcomes.items()}))
    return 0 if all(map(is_healed, outcomes.values())) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.programs.nemesis")
    parser.add_argument("names", nargs="*", choices=[[], *WAYS], metavar="NAME", help=", ".join(WAYS))
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    sys.exit(main(given.names or list(WAYS), quick=given.quick))
