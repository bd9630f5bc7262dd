"""The ways in which Redis misbehaves for `tests.chaos.programs.nemesis`: what each does, and how long."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from config import durations, keys
from tests.chaos.harness.cutting import Cutting
from tests.chaos.harness.store import Store
from tests.chaos.harness.world import World
from worker.ledger.kinds import Kind

#: A port on which nobody is.
NOBODY = 1
#: Seconds in which a server that syncs once a second has synced what it acknowledged
#: (worker/store/durability.py).
SYNCED_WITHIN = 2.0


@dataclass
class Nemesis:
    """One run: the world, the proxy before its Redis, how long to trouble it, and who sends briefs."""

    made: World
    proxy: Cutting
    long: bool
    sent: list[dict[str, Any]] = field(default_factory=list)
    sending: Lock = field(default_factory=Lock)
    """Held while a brief is sent, or while nobody may be told that it was."""

    @property
    def store(self) -> Store:
        """The one server."""
        assert isinstance(self.made.store, Store)
        return self.made.store

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
        run.store.freeze()
        time.sleep(run.seconds(durations.REDIS_ANSWER_SECONDS + 3, 2.5))
        run.store.thaw()
        time.sleep(run.seconds(5, 1))


def read_only(run: Nemesis) -> None:
    """It is a replica for a while, as after a failover, and refuses to write."""
    client = run.store.client
    client.replicaof("127.0.0.1", NOBODY)
    time.sleep(run.seconds(10, 3))
    client.replicaof("NO", "ONE")


def out_of_memory(run: Nemesis) -> None:
    """Its limit of memory is reached, and raised again."""
    client = run.store.client
    client.config_set("maxmemory", 1)
    time.sleep(run.seconds(10, 3))
    client.config_set("maxmemory", 0)


def functions_flushed(run: Nemesis) -> None:
    """It forgets all functions and scripts, again and again."""
    until = time.monotonic() + run.seconds(20, 3)
    while time.monotonic() < until:
        run.store.client.execute_command("FUNCTION FLUSH")
        run.store.client.script_flush()
        time.sleep(0.02)


def killed(run: Nemesis) -> None:
    """It is killed every 5 to 15 seconds for 3 minutes, and started again on its append-only file."""
    rng = random.Random(3)
    until = time.monotonic() + run.seconds(180, 5)
    while time.monotonic() < until:
        time.sleep(rng.uniform(5, 15) if run.long else rng.uniform(0.5, 2))
        run.store.kill()
        time.sleep(rng.uniform(0, 1))
        run.store.start()


def power_lost(run: Nemesis) -> None:
    """Its machine loses power: its file ends after what was synced, in the middle of a command."""
    for _ in range(5 if run.long else 2):
        time.sleep(run.seconds(3, 1))
        with run.sending, _nobody_is_answered(run):
            forgotten = _lose_power(run, run.store.synced_size())
            if forgotten:
                raise AssertionError(f"synced at every write, and lost: {forgotten}")


def power_lost_unsynced(run: Nemesis) -> None:
    """The same where it syncs once a second: what it acknowledged last is gone, and its senders repeat it."""
    for _ in range(5 if run.long else 1):
        run.store.client.config_set("appendfsync", "everysec")
        time.sleep(run.seconds(3, 1))
        size, before = run.store.written_size(), len(run.sent)
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
    run.store.kill()
    run.store.cut(size)
    run.store.start()
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
