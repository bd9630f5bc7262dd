"""A primary and the replica that takes over: by Sentinels, or in a cluster; and the ways to have it do so."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import redis

from tests.chaos.harness.store import Database
from tests.servers.cluster import Cluster, cluster
from tests.servers.sentinels import sentinels
from tests.servers.server import Server, until
from worker.store.connection import connect

PASSWORD = "pw"  # of servers that live for a test
#: In a cluster all keys are in the slot of this namespace.
STUDIO = "{studio}"
#: Ms between two failovers by themselves, halved: `sentinel failover-timeout`.
TIMEOUT_MS = 2_000


class Keepers(Protocol):
    """Who has a replica take over."""

    @property
    def primary(self) -> Server:
        """The server that leads now."""

    @property
    def replicas(self) -> list[Server]:
        """Those that may take over."""

    def begin(self) -> object:
        """Switch by hand, without waiting; raises redis.RedisError where no replica can take over."""

    def failover(self) -> None:
        """Switch by hand; return once the new primary leads."""

    def left(self, old: Server) -> None:
        """Return once another primary than `old` leads."""

    def is_whole(self) -> bool:
        """Return whether all is as at the beginning, the replicas with all that their primary has."""


class OfOneSlot:
    """The nodes of a cluster that have the slot of our keys."""

    def __init__(self, nodes: Cluster) -> None:
        self._nodes = nodes

    @property
    def primary(self) -> Server:
        """The node that serves the slot."""
        return self._nodes.owner(STUDIO)

    @property
    def replicas(self) -> list[Server]:
        """Its replicas."""
        return self._nodes.replicas(self.primary)

    def begin(self) -> object:
        """Have a replica ask for the slot."""
        return [each.client.execute_command("CLUSTER", "FAILOVER") for each in self.replicas]

    def failover(self) -> None:
        """Have a replica ask for the slot: no write is lost by that."""
        self._nodes.failover(STUDIO)

    def left(self, old: Server) -> None:
        """Return once all nodes agree on another owner."""
        self._nodes.left(old, STUDIO)

    def is_whole(self) -> bool:
        """Return whether all nodes are there and have caught up."""
        return self._nodes.is_whole()


class Replicated(Database):
    """A primary with one replica; what hurts it hurts whichever leads."""

    def __init__(self, url: str, keepers: Keepers) -> None:
        self.url, self.keepers = url, keepers
        self.client = connect(url)
        self._killed: list[Server] = []
        self._frozen: list[Server] = []
        self._behind: list[Server] = []

    def kill(self) -> None:
        """End the primary; its replica takes over if it does not come back within a second."""
        self._killed.append(self.keepers.primary)
        self._killed[-1].kill()

    def start(self) -> None:
        """Start what was killed; it becomes a replica if another leads now."""
        for each in self._killed:
            each.start()
        self._killed = []

    def freeze(self) -> None:
        """Freeze the primary: to its replica it looks cut off."""
        self._frozen.append(self.keepers.primary)
        self._frozen[-1].freeze()

    def thaw(self) -> None:
        """Let frozen ones go on; they become replicas if another leads now."""
        for each in self._frozen:
            each.thaw()
        self._frozen = []

    def switch(self) -> None:
        """Have the replica take over if it can, without waiting for it."""
        with suppress(redis.RedisError):
            self.keepers.begin()

    def fall_behind(self) -> None:
        """Have the replica lose its primary until `catch_up`: from here on it knows of nothing."""
        (replica,) = self.keepers.replicas
        replica.client.config_set("masterauth", "of another one")
        self.keepers.primary.client.execute_command("CLIENT", "KILL", "TYPE", "REPLICA")
        until(lambda: not replica.has_caught_up())
        self._behind.append(replica)

    def catch_up(self) -> None:
        """Let a replica find a primary again."""
        for each in self._behind:
            each.client.config_set("masterauth", PASSWORD)
            each.client.config_rewrite()  # the Sentinels have written down what it had
        self._behind = []

    def close(self) -> None:
        """Leave it: whoever began the servers ends them."""
        self.client.close()


@contextmanager
def by_sentinels(folder: Path) -> Iterator[Replicated]:
    """Run a primary and a replica under three Sentinels for the length of the block."""
    with sentinels(folder, replicas=1, password=PASSWORD, timeout_ms=TIMEOUT_MS, keeper=True) as keep:
        yield from _served(keep.url, keep)


@contextmanager
def in_a_cluster(folder: Path) -> Iterator[Replicated]:
    """Run a cluster for the length of the block; this process must have the namespace of our keys."""
    with cluster(folder, password=PASSWORD) as nodes:
        yield from _served(nodes.url, OfOneSlot(nodes))


def _served(url: str, keepers: Keepers) -> Iterator[Replicated]:
    replicated = Replicated(url.replace("://", f"://:{PASSWORD}@"), keepers)
    try:
        yield replicated
    finally:
        replicated.close()
