"""Failovers between the calls of a move: is an account whole afterwards, and in one shard alone?

    python -m tests.chaos.programs.moving [--seed N] [--every N]

A real cluster of three primaries with a replica each, an account that moves from the one server to another,
and a third server that says where it lives, with `IDENTITY_WORKER_REPLICAS=1`. At each call of the move, each
of the three is killed and replaced, by a replica that has heard of that call or has not; the move is then run
again until it ends. The last line is one JSON object; exits 1 when anything was lost, or is there twice.
"""

import argparse
import itertools
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import redis

from config import keys
from config.recorded.schema import present
from config.settings import Settings
from config.shards import namespace_of, shard_of
from tests.chaos.replicas.replicated import PASSWORD
from tests.servers.cluster import Cluster, cluster
from tests.servers.server import until
from tests.worker.shards.moved_account import fill, left_of, standing
from worker.ledger.ledger import Ledger
from worker.shards.moving import MoveError, Moving, planned, settle
from worker.shards.shards import Shards

#: The shards: who says where accounts live, whom it leaves, where it comes.
FIRST, SOURCE, TARGET = 0, 1, 2
#: Lives in shard 1 of two, and in shard 2 of three; and one that stays in shard 1.
MOVES = next(f"a{n}" for n in range(999) if (shard_of(f"a{n}", 2), shard_of(f"a{n}", 3)) == (1, 2))
STAYS = next(f"a{n}" for n in range(999) if (shard_of(f"a{n}", 2), shard_of(f"a{n}", 3)) == (1, 1))
NAMES = (MOVES, STAYS)
#: Seconds in which a move must have ended after a failover.
PATIENCE = 60.0


class Hit(NamedTuple):
    """A failover: at which call of the move, of which shard's server, and what its replica knows."""

    call: int
    shard: int
    behind: bool
    """Whether the replica has not heard of that call."""


class Scene:
    """An installation of three shards on three servers, and an account that is to move."""

    def __init__(self, nodes: Cluster) -> None:
        self.nodes = nodes
        self.namespace = next(each for each in map("{{s{}}}:".format, range(999)) if self._is_spread(each))
        url = nodes.url.replace("://", f"://:{PASSWORD}@")
        self.settings = Settings(namespace=self.namespace, shards=3, replicas=1)
        self.shards = Shards(url, self.namespace, 3)

    def _is_spread(self, namespace: str) -> bool:
        owners = [self.nodes.owner(namespace_of(namespace, shard)).port for shard in range(3)]
        return len(set(owners)) == len(owners)

    def set(self) -> None:
        """Begin anew."""
        until(self.nodes.is_whole)
        for shard in self.shards.all:
            outlast(self.shards.client(shard).flushdb)
            self.shards.client(shard).hset(keys.SCHEMA(), "number", present())
        self.shards.client(FIRST).hset(keys.SHARDS(), "count", 2)
        fill(Ledger(self.shards.client(SOURCE), self.settings), self.settings, NAMES)

    def move(self) -> None:
        """Move what is to be moved; raises MoveError, redis.RedisError."""
        settle(self.shards, self.settings.replicas)
        for move in planned(self.shards):
            Moving(self.shards, self.settings).move(move, 0)

    def fail_over(self, hit: Hit, call: Any) -> Any:
        """Make a call around which a server is replaced; return its answer, or raise what it does."""
        key = namespace_of(self.namespace, hit.shard)
        old = self.nodes.owner(key)
        (replica,) = self.nodes.replicas(old)
        if hit.behind:
            replica.client.config_set("masterauth", "of another one")
            old.client.execute_command("CLIENT", "KILL", "TYPE", "REPLICA")
            until(lambda: not replica.has_caught_up())
        try:
            return call()
        finally:
            old.kill()
            replica.client.config_set("masterauth", PASSWORD)
            self.nodes.left(old, key)
            old.start()

    def told(self) -> dict[str, Any]:
        """Return what is told of both accounts."""
        return outlast(lambda: standing(self.shards.reading, NAMES))

    def wrong(self) -> Iterator[str]:
        """Yield where the account is that it should not be."""
        left = outlast(lambda: left_of(self.shards.client(SOURCE), MOVES))
        if left != {keys.LEFT(MOVES)}:
            yield f"shard {SOURCE} still has {sorted(left)}"
        come = outlast(lambda: left_of(self.shards.client(TARGET), MOVES))
        if come & {keys.LEFT(MOVES), keys.LEAVING(MOVES)}:
            yield f"shard {TARGET} has it on its way"
        outlast(self.shards.placement.read)
        if self.shards.of(MOVES) != TARGET:
            yield f"it is said to live in shard {self.shards.of(MOVES)}"


def outlast(call: Any) -> Any:
    """Make a call until a server answers it; it must bear being made twice."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return call()
        except (redis.RedisError, MoveError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@contextmanager
def watched(scene: Scene, hit: Hit | None) -> Iterator[list[str]]:
    """Yield what each call of ours to Redis says, as they come; at one of them a server fails over."""
    said: list[str] = []
    busy = False

    def around(send: Any) -> Any:
        def sent(self: Any, *words: Any, **options: Any) -> Any:
            nonlocal busy
            if busy:
                return send(self, *words, **options)
            said.append(str(words[:2] if words else [each[0][:2] for each in self.command_stack]))
            if hit is None or len(said) != hit.call:
                return send(self, *words, **options)
            busy = True
            try:
                return scene.fail_over(hit, lambda: send(self, *words, **options))
            finally:
                busy = False

        return sent

    clients, pipelines = redis.Redis, redis.client.Pipeline
    with (
        patch.object(clients, "execute_command", around(clients.execute_command)),
        patch.object(pipelines, "execute", around(pipelines.execute)),
    ):
        yield said


def calls(scene: Scene) -> list[str]:
    """Return what each call of a move says where nothing fails."""
    scene.set()
    with watched(scene, None) as said:
        scene.move()
    return said


def try_(scene: Scene, hit: Hit) -> list[str]:
    """Move the account with a failover on the way; return what is wrong afterwards."""
    scene.set()
    before = scene.told()
    try:
        with watched(scene, hit):
            scene.move()
    except (redis.RedisError, MoveError):
        pass  # as it should be: the command is run again
    outlast(scene.move)
    found = list(scene.wrong())
    after = scene.told()
    return found + [f"{what} are others than before" for what in before if before[what] != after[what]]


@contextmanager
def scenery(folder: Path) -> Iterator[Scene]:
    """Run the cluster."""
    with cluster(folder, password=PASSWORD) as nodes:
        scene = Scene(nodes)
        try:
            yield scene
        finally:
            scene.shards.close()


def main(seed: int, every: int) -> dict[str, Any]:
    """Try every so many calls; return the figures."""
    began, wrong = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder, scenery(Path(folder) / "cluster") as scene:
        number = len(calls(scene))
        hits: Sequence[Hit] = [
            Hit(*each)
            for each in itertools.product(range(1, number + 1), (FIRST, SOURCE, TARGET), (True, False))
        ]
        hits = random.Random(seed).sample(hits, len(hits) // every)
        for hit in hits:
            for each in try_(scene, hit):
                wrong += 1
                print(f"{hit}: {each}", flush=True)
    told = {
        "calls_of_a_move": number,
        "failovers": len(hits),
        "wrong": wrong,
        "seconds": round(time.monotonic() - began),
        "ok": not wrong,
    }
    print(json.dumps(told), flush=True)
    return told


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--every", type=int, default=2, help="one failover of so many that there could be")
    given = parser.parse_args()
    sys.exit(0 if main(given.seed, given.every)["ok"] else 1)
