"""An older release's Redis is taken over by this one, shared by both, and given back: nothing is lost.

    python -m tests.chaos.programs.takeover [--commit C] [--old FOLDER] [--seconds S] [--seed N]

The older one is a commit of this repository, in a tree and an environment of its own (`--old` is where they
stand or are to be left). It brings briefs into every state there is and is killed; this one goes on with all
of them, with what an operator does by its commands. Then workers and listeners of both share the work for S
seconds, while any of them are killed and deployed. At last this one fills and the older one goes on. After
each part all must be as `tests.chaos.invariants.invariants` says; the last line is one JSON object; exits 1
when it is not so, or when a state was not there to be taken over.
"""

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sandbox.common.chance import draws
from tests.chaos.harness.every_state import ACCOUNTS, Standstill
from tests.chaos.harness.fleet import Fleet, fleet
from tests.chaos.harness.orders import orders
from tests.chaos.harness.release import Release, given, present, release_of
from tests.chaos.harness.world import World, wait_until_followed, world
from tests.chaos.invariants.invariants import Breach, Kind

#: The last commit before the rooms and the function library.
BEFORE = "c8852a1"
WORKERS = 2
#: Slow enough that the API still has the events which came while one was ended and the other started.
SPEED, TIMEOUT = 30.0, 10.0
#: Seconds in which all must be quiet; briefs a second, and seconds between two kills.
QUIET, BRIEFS, KILL_EVERY = 240.0, 1.5, 4.0
#: Which share of those that end are killed, and not told to.
KILLED = 0.7


def main(old: Release, seconds: float, seed: int, keep: Path | None = None) -> dict[str, Any]:
    """Run it; return the figures, with the breaches by their kinds."""
    new, began = present(), time.monotonic()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = stack.enter_context(
            world(accounts=len(ACCOUNTS), speed=SPEED, timeout=TIMEOUT, workers=0, listeners=0, keep=folder)
        )
        parts = Parts(made, folder)
        taken_over = parts.hand_over(old, new, "out")
        kills = parts.side_by_side((old, new), seconds, draws(seed, "takeover"))
        handed_back = parts.hand_over(new, old, "back")
        states = Counter(brief.state for brief in made.briefs())
    for breach in parts.breaches:
        print(f"{breach.kind}: {breach.subject} {breach.what}")
    return {
        "taken_over": taken_over,
        "handed_back": handed_back,
        "missing": parts.missing,
        "side_by_side_seconds": seconds,
        "kills": kills,
        "briefs": len(made.sent),
        **states,
        **{kind.value: sum(breach.kind == kind for breach in parts.breaches) for kind in Kind},
        "seconds": round(time.monotonic() - began),
    }


class Parts:
    """The parts of the run, and what was wrong after each."""

    def __init__(self, made: World, folder: Path) -> None:
        self.breaches: list[Breach] = []
        self.missing: list[str] = []
        """States that were not there when the other release took over."""
        self._made, self._folder = made, folder

    def hand_over(self, giver: Release, taker: Release, of: str) -> dict[str, int]:
        """Let one release fill every state and die, and the other go on; return what stood there."""
        standstill = Standstill(self._made, giver, of)
        with self._running(giver, of) as fleet:
            wait_until_followed(self._made, WORKERS)
            standing = standstill.fill(fleet)
        self.missing += [f"{of}: {each}" for each in standstill.missing(standing)]
        with self._running(taker, of):
            standstill.go_on(taker)
            self._wait_until_quiet()
        return standing

    def side_by_side(self, both: Sequence[Release], seconds: float, rng: random.Random) -> dict[str, int]:
        """Let both work at once while briefs come, and any process is ended; return how often by what."""
        kills: Counter[str] = Counter()
        with ExitStack() as stack:
            fleets = {each.name: stack.enter_context(self._running(each, "both")) for each in both}
            wait_until_followed(self._made, WORKERS * len(both))
            began = time.monotonic()
            coming = orders(rng.randrange(1_000), round(seconds * BRIEFS), list(self._made.accounts))
            for number, brief in enumerate(coming):
                while (at := time.monotonic() - began) < number / BRIEFS:
                    time.sleep(0.05)
                    if at > KILL_EVERY * (kills.total() + 1):
                        kills[_end_one(fleets, rng)] += 1
                self._made.send(brief)
            self._wait_until_quiet()
        return dict(kills)

    def _running(self, release: Release, of: str) -> Any:
        folder = self._folder / f"{of}-{release.name}"
        folder.mkdir()
        return fleet(
            folder,
            self._made.environment,
            release.commands,
            workers=WORKERS,
            listeners=1,
            home=release.home,
        )

    def _wait_until_quiet(self) -> None:
        self.breaches += self._made.wait_until_quiet(QUIET)


def _end_one(fleets: dict[str, Fleet], rng: random.Random) -> str:
    """End a process as a power cut or a deploy does; return which it was."""
    name = rng.choice(sorted(fleets))
    member = rng.choice(fleets[name].members)
    if rng.random() < KILLED:
        member.kill()
        return f"{name} {member.role} killed"
    member.terminate()
    return f"{name} {member.role} deployed"


if __name__ == "__main__":
    asked = given("takeover", BEFORE, 60)
    with release_of(asked.commit, asked.old) as old:
        result = {"commit": asked.commit, **main(old, asked.seconds, asked.seed, asked.keep)}
    print(json.dumps(result))
    sys.exit(bool(result["missing"]) or any(result[kind] for kind in Kind))
