"""The ways in which a replica is made to take over, and by whom."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from tests.chaos.replicas.replicated import STUDIO, Replicated, by_sentinels, in_a_cluster
from tests.servers.sentinels import Sentinels

#: Seconds that a replica is behind, and that two servers lead.
BEHIND, SPLIT = 1.0, 3.0


class Way(NamedTuple):
    """A way to have the replica take over."""

    strike: Callable[[Replicated], None]
    heal: Callable[[Replicated], None]
    """What is done once the replica leads."""
    prepare: Callable[[Replicated], None] = lambda _: None


def _fall_behind(servers: Replicated) -> None:
    servers.fall_behind()
    time.sleep(BEHIND)


def _catch_up(servers: Replicated) -> None:
    servers.catch_up()
    servers.start()


def _switch(servers: Replicated) -> None:
    servers.keepers.failover()


def _cut_off(servers: Replicated) -> None:
    assert isinstance(servers.keepers, Sentinels)
    servers.keepers.cut_off(servers.keepers.primary)


def _join(servers: Replicated) -> None:
    """After a time in which the workers that are still at the old primary have it to themselves."""
    assert isinstance(servers.keepers, Sentinels)
    time.sleep(SPLIT)
    for server in servers.keepers.replicas:
        servers.keepers.join(server)


#: By their names in the figures.
WAYS = {
    "killed": Way(Replicated.kill, Replicated.start),
    "switched": Way(_switch, lambda _: None),
    "frozen": Way(Replicated.freeze, Replicated.thaw),
    "killed_replica_behind": Way(Replicated.kill, _catch_up, prepare=_fall_behind),
}
CUT_OFF = {"cut_off": Way(_cut_off, _join)}


class Keeping(NamedTuple):
    """Who has replicas take over, and the ways that there are to make them."""

    servers: Callable[[Path], AbstractContextManager[Replicated]]
    ways: Mapping[str, Way]
    environment: Mapping[str, str] = {}


KEEPERS = {
    "sentinels": Keeping(by_sentinels, WAYS | CUT_OFF),
    "cluster": Keeping(in_a_cluster, WAYS, {"IDENTITY_WORKER_NAMESPACE": STUDIO}),
}
