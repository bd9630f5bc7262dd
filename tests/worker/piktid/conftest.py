"""The client, its pool and the scripted server that it calls."""

from collections.abc import Iterator

import pytest
from calls import TOKEN
from pydantic import SecretStr
from scripted_server import Server, serving
from support import DEADLINE

from worker.network.pool import Pool, open_pool
from worker.piktid.client import PiktID


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def pool(server: Server) -> Iterator[Pool]:
    """Connections with more patience than a busy machine needs for an answer."""
    with open_pool(timeout_connect=2.0, timeout_read=DEADLINE, timeout_write=DEADLINE) as opened:
        yield opened


@pytest.fixture
def api(pool: Pool, server: Server) -> PiktID:
    return PiktID(pool, server.url, SecretStr(TOKEN))


@pytest.fixture
def impatient_api(server: Server) -> Iterator[PiktID]:
    """A client that gives up soon, for servers that never answer."""
    with open_pool(timeout_connect=2.0, timeout_read=0.3, timeout_write=0.3) as opened:
        yield PiktID(opened, server.url, SecretStr(TOKEN))
