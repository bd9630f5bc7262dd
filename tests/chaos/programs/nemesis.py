"""Redis misbehaving in every way, under running briefs: it must heal without a restart of ours.

    python -m tests.chaos.programs.nemesis [--quick] [NAME...]

Each of the ways below in a world of its own. Afterwards nothing that was acknowledged may be lost, nothing
may have run twice with effect, and none of our processes may have ended. `--quick` shortens each, for the
tests, with processes whose waits are shorter too. The last line is one JSON object; exits 1 when it was not
so.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

from config import durations, keys
from tests.chaos.harness.cutting import Cutting, cutting
from tests.chaos.harness.fleet import QUICK, REAL
from tests.chaos.harness.orders import orders
from tests.chaos.harness.world import World, world
from worker.ledger.kinds import Kind

#: Seconds in which all must be quiet after the last fault.
QUIET = 240.0
#: Briefs a second, and how many of them before the trouble begins.
BRIEFS, BEFORE = 5.0, 10
#: A port on which nobody is.
NOBODY = 1
#: Seconds in which a server that syncs once a second has synced what it acknowledged
#: (worker/store/durability.py).
SYNCED_WITHIN = 2.0
SPEED = 100.0


@dataclass
class Nemesis:
    """One run: the world, the proxy before its Redis, how long to trouble it, and who sends briefs."""

    made: World
    proxy: Cutting
    long: bool
    sent: list[dict[str, Any]] = field(default_factory=list)
    sending: Lock = field(default_factory=Lock)
    """Held while a brief is sent, or while nobody may be told that it was."""

    def seconds(self, long: float, quick: float) -> float:
        """Return how long something lasts."""
        return long if self.long else quick


def lost_replies(run: Nemesis) -> None:
    """One answer in twenty is lost, of 10,000."""
    run.proxy.lose_answers(0.05)
    wanted = run.seconds(10_000, 400)
    while run.proxy.requests < wanted:
        time.sleep(0.05)
    run.proxy.lose_answers(0)


def stalled(run: Nemesis) -> None:
    """It answers nothing for longer than an answer is waited for, three times."""
    for _ in range(3 if run.long else 1):
        run.made.store.freeze()
        time.sleep(run.seconds(durations.REDIS_ANSWER_SECONDS + 3, 2.5))
        run.made.store.thaw()
        time.sleep(run.seconds(5, 1))


def read_only(run: Nemesis) -> None:
    """It is a replica for a while, as after a failover, and refuses to write."""
    client = run.made.store.client
    client.replicaof("127.0.0.1", NOBODY)
    time.sleep(run.seconds(10, 3))
    client.replicaof("NO", "ONE")


def out_of_memory(run: Nemesis) -> None:
    """Its limit of memory is reached, and raised again."""
    client = run.made.store.client
    client.config_set("maxmemory", 1)
    time.sleep(run.seconds(10, 3))
    client.config_set("maxmemory", 0)


def functions_flushed(run: Nemesis) -> None:
    """It forgets all functions and scripts, again and again."""
    until = time.monotonic() + run.seconds(20, 3)
    while time.monotonic() < until:
        run.made.store.client.execute_command("FUNCTION FLUSH")
        run.made.store.client.script_flush()
        time.sleep(0.02)


def killed(run: Nemesis) -> None:
    """It is killed every 5 to 15 seconds for 3 minutes, and started again on its append-only file."""
    rng = random.Random(3)
    until = time.monotonic() + run.seconds(180, 5)
    while time.monotonic() < until:
        time.sleep(rng.uniform(5, 15) if run.long else rng.uniform(0.5, 2))
        run.made.store.kill()
        time.sleep(rng.uniform(0, 1))
        run.made.store.start()


def power_lost(run: Nemesis) -> None:
    """Its machine loses power: its file ends after what was synced, in the middle of a command."""
    for _ in range(5 if run.long else 2):
        time.sleep(run.seconds(3, 1))
        with run.sending, _nobody_is_answered(run):
            forgotten = _lose_power(run, run.made.store.synced_size())
            if forgotten:
                raise AssertionError(f"synced at every write, and lost: {forgotten}")


def power_lost_unsynced(run: Nemesis) -> None:
    """The same where it syncs once a second: what it acknowledged last is gone, and its senders repeat it."""
    for _ in range(5 if run.long else 1):
        run.made.store.client.config_set("appendfsync", "everysec")
        time.sleep(run.seconds(3, 1))
        size, before = run.made.store.written_size(), len(run.sent)
        time.sleep(SYNCED_WITHIN)
        with run.sending:
            with _nobody_is_answered(run):
                run.made.forgotten |= _lose_power(run, size)
            for brief in run.sent[before:]:
                run.made.send(brief)


@contextmanager
def _nobody_is_answered(run: Nemesis) -> Iterator[None]:
    for member in run.made.fleet.members:
        member.freeze()
    time.sleep(0.1)  # what was on its way arrives
    try:
        yield
    finally:
        for member in run.made.fleet.members:
            member.thaw()


def _lose_power(run: Nemesis, size: int) -> set[str]:
    """End the server, start it on so much of its file, and return the briefs of which something is lost."""
    before = _records(run.made)
    run.made.store.kill()
    run.made.store.cut(size)
    run.made.store.start()
    after = _records(run.made)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return {name.partition(":")[2].partition("#")[0] for name in changed}


def _records(made: World) -> dict[str, object]:
    """Return since when each record is in its state, by subject."""
    client = made.store.client
    names = [str(name) for kind in Kind for name in client.scan_iter(keys.RECORD(f"{kind}:*"))]
    return {name.removeprefix(keys.RECORD("")): client.hget(name, "moved_at") for name in names}


WAYS: dict[str, Callable[[Nemesis], None]] = {
    way.__name__: way
    for way in (
        *(lost_replies, stalled, read_only, out_of_memory, functions_flushed, killed),
        *(power_lost, power_lost_unsynced),
    )
}
#: There a job must last longer than what is lost, as it does in production.
SPEEDS = {power_lost_unsynced.__name__: 15.0}


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
