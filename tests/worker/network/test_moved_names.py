"""A name whose address changes: the next connection goes to the new one, though the old one still answers."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from scripted_server import Cut, Server, answer, serving
from support import DEADLINE

from worker.network.pool import open_pool
from worker.network.streaming import Connections, Streams
from worker.piktid.client import PiktID
from worker.piktid.notifications import StreamEndedError, follow

OLD, NEW = "127.0.0.1", "127.0.0.2"
TOKEN = SecretStr("sandbox-a")
STREAM = Cut(
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: backfill_complete\ndata: {}\n\n"
)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What every name stands for."""
    now, real = [OLD], socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *more, **named: real(now[0], *more, **named))
    return now


@pytest.fixture
def servers(address: list[str]) -> Iterator[tuple[Server, Server]]:
    """Two on one port, each at its address."""
    with serving(host=OLD) as old, serving(host=NEW, port=old.server_address[1]) as new:
        yield old, new


def test_calls_follow_a_name_within_the_second_of_an_idle_connection(
    servers: tuple[Server, Server], address: list[str]
) -> None:
    old, new = servers
    old.answers = new.answers = [answer(200, {"credits": 1}), answer(200, {"credits": 2})]
    with open_pool(keepalive_expiry=1e-9) as pool:
        client = PiktID(pool, f"http://localhost:{old.server_address[1]}", TOKEN)
        client.me()
        address[0] = NEW
        client.me()
    assert (len(old.seen), len(new.seen)) == (1, 1)


def test_a_stream_that_is_opened_again_follows_a_name(
    servers: tuple[Server, Server], address: list[str]
) -> None:
    old, new = servers
    old.answers, new.answers = [STREAM], [STREAM]

    async def read() -> None:
        async with Streams(Connections()) as streams, asyncio.timeout(DEADLINE):
            with pytest.raises(StreamEndedError):
                async for _ in follow(streams, f"http://localhost:{old.server_address[1]}", TOKEN):
                    pass

    asyncio.run(read())
    address[0] = NEW
    asyncio.run(read())
    assert (len(old.seen), len(new.seen)) == (1, 1)
