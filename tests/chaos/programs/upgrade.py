"""An installation is upgraded from the last release to this one under load, back, and forward again.

    python -m tests.chaos.programs.upgrade [--commit C] [--old FOLDER] [--seconds S] [--seed N]

The last release is a commit of this repository, in a tree and an environment of its own (`--old` is where
they stand or are to be left). Its workers and listeners are replaced by this one's one by one while briefs
come and any process is killed; then by its own again, and by this one's once more, each within S seconds. At
the end all must be as `tests.chaos.invariants.invariants` says, and the ledger of this release's schema with
each brief counted. The last line is one JSON object; exits 1 when it is not so.
"""

import json
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sandbox.common.chance import draws
from tests.chaos.harness.fleet import Fleet
from tests.chaos.harness.orders import orders
from tests.chaos.harness.release import Release, given, present, release_of
from tests.chaos.harness.world import World, wait_until_followed, world
from tests.chaos.invariants.invariants import Breach, Kind
from worker.operations.migrating import standing
from worker.views.counts import counts

#: The last commit of version 0.1.0. It has no tag; and its wheel lacked the Lua files, so its tree is run.
LAST = "c96342c"
ACCOUNTS = 3
PLACES = ("worker", "listener", "worker", "listener")
#: Slow enough that the API still has the events which came while one was ended and the other started.
SPEED, TIMEOUT = 30.0, 10.0
#: Briefs a second, and seconds between two kills.
BRIEFS, KILL_EVERY = 1.0, 5.0
#: Seconds in which all must be quiet, and the ledger migrated: passes that mend something are a minute apart.
QUIET, MIGRATED = 240.0, 300.0
#: Which share of the processes that are replaced is killed, and not told to end.
KILLED = 0.5


class Rollout:
    """The fleets of both releases, of which places are given from one to the other while briefs come."""

    def __init__(self, made: World, seed: int, seconds: float) -> None:
        self.kills: Counter[str] = Counter()
        self._made, self._seconds = made, seconds
        self._rng = draws(seed, "upgrade")
        rounds = 3
        number = round(seconds * rounds * BRIEFS * 2)
        self._coming = iter(orders(self._rng.randrange(1_000), number, list(made.accounts)))
        self._killed_at = time.monotonic()

    def roll(self, giver: tuple[str, Fleet], taker: tuple[str, Fleet]) -> None:
        """Replace the processes of one release by those of the other, place by place, under load."""
        name, fleet = giver
        for role in PLACES:
            taker[1].add(role)
            self._load((giver, taker), self._seconds / len(PLACES))
            gone = fleet.of(role)[0]
            is_killed = self._rng.random() < KILLED
            fleet.retire(gone, kill=is_killed)
            self.kills[f"{name} {role} replaced {'by a kill' if is_killed else 'in order'}"] += 1

    def _load(self, both: tuple[tuple[str, Fleet], ...], seconds: float) -> None:
        """Send briefs for so long, and kill a process of either now and then."""
        began = time.monotonic()
        for number in range(round(seconds * BRIEFS)):
            while time.monotonic() - began < number / BRIEFS:
                time.sleep(0.05)
            self._made.send(next(self._coming))
            if time.monotonic() - self._killed_at > KILL_EVERY:
                self._killed_at = time.monotonic()
                self.kills[_kill_one(both, self._rng)] += 1


def _kill_one(both: tuple[tuple[str, Fleet], ...], rng: random.Random) -> str:
    """Kill a process, which its supervisor starts again; return whose it was."""
    name, fleet = rng.choice([each for each in both if each[1].members])
    member = rng.choice(fleet.members)
    member.kill()
    return f"{name} {member.role} killed"


def main(old: Release, seconds: float, seed: int, keep: Path | None = None) -> dict[str, Any]:
    """Run it; return the figures, with the breaches by their kinds."""
    new, began = present(), time.monotonic()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = stack.enter_context(
            world(accounts=ACCOUNTS, speed=SPEED, timeout=TIMEOUT, workers=0, listeners=0, keep=folder)
        )
        before, after = (_fleet(made, release, folder, stack) for release in (old, new))
        for role in PLACES:
            before[1].add(role)
        wait_until_followed(made, PLACES.count("worker"))
        rollout = Rollout(made, seed, seconds)
        schemas = []
        for giver, taker in ((before, after), (after, before), (before, after)):
            rollout.roll(giver, taker)
            schemas.append(standing(made.store.client).number)
        _wait_until_migrated(made)
        breaches = made.wait_until_quiet(QUIET)
        if not counts(made.store.client).are_whole:
            breaches.append(Breach(Kind.LEAKED, "the ledger", f"counts {counts(made.store.client)}"))
        states = Counter(brief.state for brief in made.briefs())
    for breach in breaches:
        print(f"{breach.kind}: {breach.subject} {breach.what}")
    return {
        "rolled": ["forward", "back", "forward"],
        "schemas": schemas,
        "kills": dict(rollout.kills),
        "briefs": len(made.sent),
        **states,
        **{kind.value: sum(breach.kind == kind for breach in breaches) for kind in Kind},
        "seconds": round(time.monotonic() - began),
    }


def _fleet(made: World, release: Release, folder: Path, stack: ExitStack) -> tuple[str, Fleet]:
    own = folder / release.name
    own.mkdir()
    running = Fleet(own, made.environment, release.commands, home=release.home)
    return release.name, stack.enter_context(running)


def _wait_until_migrated(made: World) -> None:
    """Return once a whole pass has found nothing to mend. Raises TimeoutError."""
    until = time.monotonic() + MIGRATED
    while not (found := standing(made.store.client)).is_settled:
        if time.monotonic() > until:
            raise TimeoutError(f"the ledger is not of the new schema: {found}")
        time.sleep(0.5)


if __name__ == "__main__":
    asked = given("upgrade", LAST, 40)
    with release_of(asked.commit, asked.old) as last:
        result = {"commit": asked.commit, **main(last, asked.seconds, asked.seed, asked.keep)}
    print(json.dumps(result))
    sys.exit(any(result[kind] for kind in Kind))
