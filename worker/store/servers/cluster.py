"""Asks the nodes of a cluster for the one that serves a slot."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import redis
from redis.crc import key_slot
from redis.exceptions import MovedError

from config.servers.address import Place
from worker.store.servers.finder import Finder, Question, Steps

#: How a node names the owner of a slot, of which redis-py takes off the code: `MOVED 1234 host:port`.
_MOVED = re.compile(r"\b\d+ (\S*):(\d+)")


class NotAClusterError(redis.ConnectionError):
    """Raised when what answers is a server without cluster mode."""


class SlotOwner(Finder):
    """The node that serves the one slot in which all keys of a namespace are."""

    is_cluster = True

    def __init__(self, seeds: Sequence[Place], namespace: str) -> None:
        self.slot = int(key_slot(namespace.encode()))
        self.what = f"the node of slot {self.slot}"
        self._seeds = [*seeds]
        self._known: list[Place] = []
        """Nodes that were named, those first that are to be asked first."""

    def steps(self) -> Steps:
        """Ask one node after the other, those first that should know best."""
        told: list[str] = []
        for at in list(dict.fromkeys([*self._known, *self._seeds])):
            try:
                answer = yield Question(at, ("CLUSTER", "SLOTS"))
            except redis.AuthenticationError:
                raise
            except redis.RedisError as error:
                if "cluster support disabled" in str(error):
                    raise NotAClusterError(f"{at} is a server without cluster mode") from None
                told.append(f"{at}: {error}")
            else:
                ranges = [_range(row, at) for row in answer]
                for first, last, nodes in ranges:
                    if first <= self.slot <= last:
                        self._learn(nodes, [each for _, _, others in ranges for each in others])
                        return nodes[0]
                told.append(f"{at}: no node serves slot {self.slot}")
        raise redis.ConnectionError(f"{self.what} is not known: {'; '.join(told)}")

    def was_wrong(self, error: Exception | None = None) -> None:
        """Ask the node first that the error names, else the next one."""
        found = _MOVED.search(str(error)) if _is_moved(error) else None
        if found is not None and found[1]:
            self._known = [Place(found[1].strip("[]"), int(found[2])), *self._known]
        else:
            self._known = [*self._known[1:], *self._known[:1]]

    def _learn(self, nodes: Sequence[Place], all_: Sequence[Place]) -> None:
        # The owner's replicas first: one of them is the next owner, and the first to know.
        self._known = list(dict.fromkeys([*nodes[1:], *nodes[:1], *all_]))


def _is_moved(error: Exception | None) -> bool:
    """Return whether an error says who has the slot now; `ASK` names a node that has but a part of it."""
    return isinstance(error, MovedError) or "MOVED " in str(error)


def _range(row: Sequence[Any], asked: Place) -> tuple[int, int, list[Place]]:
    return int(row[0]), int(row[1]), [*_nodes(row[2:], asked)]


def _nodes(rows: Sequence[Any], asked: Place) -> Iterator[Place]:
    for host, port, *_ in rows:
        # Without a name of its own a node is where the answer came from (Redis, CLUSTER SLOTS).
        yield Place(str(host) if host and host != "?" else asked.host, int(port))
