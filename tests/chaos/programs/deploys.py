"""Deploys in the middle of a run: SIGTERM to one worker after the other, each started again.

    python -m tests.chaos.programs.deploys [SECONDS]

Every 5 seconds for 2 minutes by default, while briefs keep coming. Each worker must be gone within 10
seconds, with nothing left un-acknowledged, every brief must come to its end, and nothing may be paid for
twice or held. The last line is one JSON object; exits 1 when it was not so.
"""

import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from config import keys
from tests.chaos.harness.fleet import Member
from tests.chaos.harness.world import World, world
from tests.chaos.invariants.invariants import Breach

SECONDS = 120.0
EVERY = 5.0
WORKERS, ACCOUNTS = 3, 2
#: Briefs a second, and seconds in which all must be over afterwards.
BRIEFS = 2.0
QUIET = 120.0
GONE_WITHIN = 10.0
#: Seconds without a sign of life (one a second is usual), well below those after which a worker is dead.
SILENT = 2.5


@dataclass
class Outcome:
    """What came of the deploys."""

    gone_after: list[float] = field(default_factory=list)
    """Seconds that each worker took to end."""
    left: int = 0
    """Messages that a worker was said to hold after its end."""
    codes: list[int] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Return what is printed."""
        return {
            "deploys": len(self.gone_after),
            "gone_median_s": round(statistics.median(self.gone_after), 2),
            "gone_worst_s": round(max(self.gone_after), 2),
            "not_acknowledged": self.left,
            "bad_exits": sum(code != 0 for code in self.codes),
            "briefs": self.states,
            "breaches": [f"{each.kind}: {each.subject} {each.what}" for each in self.breaches],
        }

    @property
    def as_promised(self) -> bool:
        """Whether every deploy was harmless."""
        in_order = max(self.gone_after) <= GONE_WITHIN and not any(self.codes)
        return in_order and not self.left and not self.breaches and set(self.states) == {"done"}


def deploy(seconds: float, every: float = EVERY) -> Outcome:
    """Run briefs and deploys for so long, and wait until all is over."""
    outcome = Outcome()
    with world(accounts=ACCOUNTS, speed=60, timeout=10, workers=WORKERS, listeners=1) as made:
        began, numbers = time.monotonic(), itertools.count()
        for number in range(round(seconds / every)):
            at = began + number * every
            _send_until(made, at, numbers)
            _replace(made.fleet.of("worker")[number % WORKERS], outcome)
            # Whoever has ended is silent by then, and its messages are not given to others yet.
            _send_until(made, time.monotonic() + SILENT + 1, numbers)
            outcome.left += _left_behind(made)
        outcome.breaches = made.wait_until_quiet(QUIET)
        states = [brief.state for brief in made.briefs()]
        outcome.states = {state: states.count(state) for state in set(states)}
    return outcome


def _replace(member: Member, outcome: Outcome) -> None:
    """End a worker as a deploy does, and note how it went."""
    deaths = len(member.deaths)
    began = time.monotonic()
    member.terminate()
    while len(member.deaths) == deaths:
        if time.monotonic() - began > 3 * GONE_WITHIN:
            raise TimeoutError("a worker did not end")
        time.sleep(0.01)
    outcome.gone_after.append(time.monotonic() - began)
    outcome.codes.append(member.deaths[-1])


def _left_behind(made: World) -> int:
    """Return how many messages are in the hands of workers that have fallen silent, but are not dead yet."""
    client = made.store.client
    now = client.time()
    silent: Any = client.zrangebyscore(keys.WORKERS(), "-inf", now[0] * 1000 - SILENT * 1000)
    held = [keys.IN_HAND(worker, queue) for worker in silent for queue in (keys.INLET, keys.STEPS)]
    return sum(client.scard(key) for key in held)


def _send_until(made: World, at: float, numbers: Iterator[int]) -> None:
    """Send briefs at an even pace until then."""
    while time.monotonic() < at:
        made.send(_brief(next(numbers)))
        time.sleep(1 / BRIEFS)


def _brief(number: int) -> dict[str, Any]:
    return {
        "brief_id": f"deploy-{number}",
        "name": f"deploy-{number}",
        "account": f"account-{number % ACCOUNTS}",
        "instructions": [{"prompt": "A face.", "num_variations": 2}],
    }


if __name__ == "__main__":
    result = deploy(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    print(json.dumps(result.figures()))
    sys.exit(not result.as_promised)
