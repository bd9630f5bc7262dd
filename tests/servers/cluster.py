"""A Redis Cluster of three primaries with a replica each: a failover takes about two seconds."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.crc import key_slot

from cli.demo.ports import free_port
from tests.servers.certificates import Certificates
from tests.servers.server import DURABLE, PROGRAM, Server, closing, until

_SLOTS = 16_384
#: Ms without an answer: a node is down.
TIMEOUT_MS = 1_000


def slot_of(key: str) -> int:
    """Return the slot of a key, by its hash tag where it has one."""
    return int(key_slot(key.encode()))


@dataclass
class Cluster:
    """The nodes of a cluster."""

    nodes: list[Server]

    @property
    def url(self) -> str:
        """The address by all nodes, without user and password."""
        return f"redis+cluster://{','.join(each.address for each in self.nodes)}"

    def owner(self, key: str) -> Server:
        """Return the node that serves a key now: the one that says of itself that it does."""
        found: list[Server] = []

        def one() -> bool:
            found[:] = [each for each in self.nodes if each.answers() and slot_of(key) in _slots(each)]
            return len(found) == 1

        until(one)
        return found[0]

    def replicas(self, node: Server) -> list[Server]:
        """Return the nodes that replicate another one and are up."""
        of = identity(node)
        rows = [(each, _myself(each)) for each in self.nodes if each is not node and each.answers()]
        return [each for each, row in rows if row[3] == of]

    def failover(self, key: str) -> None:
        """Switch the owner of a key by hand, without a loss; return once all nodes that are up know it."""
        old = self.owner(key)
        self.replicas(old)[0].client.execute_command("CLUSTER", "FAILOVER")
        self.left(old, key)

    def left(self, old: Server, key: str) -> None:
        """Return once another node than `old` serves a key and all that answer agree on it."""
        until(lambda: self.owner(key) is not old)
        until(lambda: self._agree(key, self.owner(key)))

    def move(self, key: str, to: Server) -> None:
        """Move the slot of a key, with all that is in it, to another primary."""
        for _ in self.moving(key, to):
            pass

    def moving(self, key: str, to: Server) -> Iterator[str]:
        """Move a slot in steps: yields once it is being moved, and after each key that has moved."""
        old, slot = self.owner(key), slot_of(key)
        to.client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", identity(old))
        old.client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", identity(to))
        yield ""
        while there := old.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1):
            enter = ["AUTH", to.password] if to.password else []
            old.client.execute_command("MIGRATE", "127.0.0.1", to.port, there[0], 0, 10_000, *enter)
            yield there[0]
        for each in (to, old, *(each for each in self.nodes if each not in (to, old))):
            if each.answers() and each.role() == "master":
                each.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", identity(to))
        until(lambda: self._agree(key, to))

    def is_whole(self) -> bool:
        """Return whether all nodes are there, say so of each other, and the replicas have caught up."""
        for each in self.nodes:
            info = str(each.client.execute_command("CLUSTER", "INFO"))
            if "cluster_state:ok" not in info and "{'cluster_state': 'ok'" not in info:
                return False
            rows = _rows(each)
            if len(rows) != len(self.nodes) or any("fail" in row[2] for row in rows):
                return False
        return all(each.role() == "master" or each.has_caught_up() for each in self.nodes)

    def _agree(self, key: str, owner: Server) -> bool:
        slot, of = slot_of(key), identity(owner)
        told = [_owner_by(each, slot) for each in self.nodes if each.answers()]
        return set(told) == {of}


def identity(node: Server) -> str:
    """Return a node's id."""
    return str(node.client.execute_command("CLUSTER", "MYID"))


def _rows(node: Server) -> list[list[str]]:
    # Not by redis-py's command: it would make a mapping of it, in which nodes without an address are one.
    connection: Any = node.client.connection_pool.get_connection()
    try:
        connection.send_command("CLUSTER", "NODES")
        return [line.split() for line in connection.read_response().splitlines()]
    finally:
        node.client.connection_pool.release(connection)


def _myself(node: Server) -> list[str]:
    return next(row for row in _rows(node) if "myself" in row[2])


def _served(row: list[str]) -> set[int]:
    ranges = [each.partition("-") for each in row[8:] if not each.startswith("[")]
    return {slot for first, _, last in ranges for slot in range(int(first), int(last or first) + 1)}


def _slots(node: Server) -> set[int]:
    row = _myself(node)
    return _served(row) if "master" in row[2] else set()


def _owner_by(node: Server, slot: int) -> str:
    return next((row[0] for row in _rows(node) if slot in _served(row)), "")


@contextmanager
def cluster(
    folder: Path,
    lines: Iterable[str] = DURABLE,
    *,
    primaries: int = 3,
    replicas: int = 1,
    password: str = "",
    tls: Certificates | None = None,
    program: Sequence[str] = PROGRAM,
) -> Iterator[Cluster]:
    """Run a cluster of so many primaries, each with so many replicas, and these lines of configuration."""
    given = [
        *lines,
        "cluster-enabled yes",
        f"cluster-node-timeout {TIMEOUT_MS}",
        "repl-diskless-sync-delay 0",
        "cluster-replica-validity-factor 0",
        "cluster-allow-replica-migration no",
        *(["tls-cluster yes", "tls-replication yes"] if tls else []),
    ]
    buses = [free_port() for _ in range(primaries * (1 + replicas))]
    nodes = [
        Server(
            folder / f"node-{n}", [*given, f"cluster-port {bus}"], password=password, tls=tls, program=program
        )
        for n, bus in enumerate(buses)
    ]
    with closing(nodes):
        for each in nodes:
            each.begin()
        for each in nodes:
            until(each.answers)
        _join(nodes, buses, primaries)
        whole = Cluster(nodes)
        until(whole.is_whole)
        yield whole


def _join(nodes: Sequence[Server], buses: Sequence[int], primaries: int) -> None:
    """Give the slots to the first nodes and have the others replicate them in turn."""
    ends = [_SLOTS * number // primaries for number in range(primaries + 1)]
    for number, each in enumerate(nodes):
        each.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        if number < primaries:
            last = ends[number + 1] - 1
            each.client.execute_command("CLUSTER", "ADDSLOTSRANGE", ends[number], last)
    # Only now: a node that knows another takes no epoch.
    for number, each in enumerate(nodes):
        # Each meets each: by gossip alone the last would know the first after seconds.
        for other, bus in zip(nodes[number + 1 :], buses[number + 1 :], strict=True):
            each.client.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, bus)
    until(lambda: all(len(_rows(each)) == len(nodes) and _all_known(each) for each in nodes))
    for number, each in enumerate(nodes[primaries:]):
        each.client.execute_command("CLUSTER", "REPLICATE", identity(nodes[number % primaries]))


def _all_known(node: Server) -> bool:
    return not any("handshake" in row[2] or "noaddr" in row[2] for row in _rows(node))
