"""The client, its pool and the scripted server that it calls."""

from collections.abc import Iterator

import httpx
import pytest
from calls import TOKEN
from pydantic import SecretStr
from scripted_server import Server, serving

from worker.network.pool import open_pool
from worker.piktid.client import PiktID


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def pool(server: Server) -> Iterator[httpx.Client]:
    with open_pool(timeout_connect=2.0, timeout_read=0.3, timeout_write=0.3, timeout_pool=0.1) as opened:
        yield opened


@pytest.fixture
def api(pool: httpx.Client, server: Server) -> PiktID:
    return PiktID(pool, server.url, SecretStr(TOKEN))
