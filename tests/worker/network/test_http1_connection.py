"""Connections of HTTP/1.1: used again only where nothing of the last answer can still come."""

import asyncio
from collections.abc import Iterator

import httpcore
import pytest
from scripted_server import Cut, Pieces, Server, answer, serving
from support import DEADLINE

from worker.network.asyncio_network import AsyncioBackend
from worker.network.http1.async_connection import AsyncConnection
from worker.network.http1.connection import WITH_HEAD, Connection
from worker.network.tls import tls

TIMES = {"timeout": dict.fromkeys(("connect", "read", "write"), DEADLINE)}
#: The end of an answer, and whether its connection may be used for the next one.
ENDS = [
    pytest.param(answer(200, b"1"), True, id="as usual"),
    pytest.param(answer(200, b"1", {"Connection": "close"}), False, id="the last one"),
    pytest.param(answer(200, b"1") + b"HTTP/1.1 200 OK\r\n", False, id="more than was asked for"),
    pytest.param(Cut(b"HTTP/1.0 200 OK\r\n\r\n1"), False, id="until it is closed"),
    pytest.param(Pieces(b"HTTP/1.1 100 Continue\r\n\r\n", answer(200, b"1")), True, id="not yet"),
]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def origin_of(server: Server) -> httpcore.Origin:
    return httpcore.Origin(b"http", b"127.0.0.1", server.server_address[1])


def request(server: Server, method: str = "GET", content: bytes = b"") -> httpcore.Request:
    headers = [(b"Host", b"127.0.0.1"), (b"Content-Length", str(len(content)).encode())]
    return httpcore.Request(method, server.url, headers=headers, content=content, extensions=TIMES)


@pytest.mark.parametrize(("reply", "again"), ENDS)
def test_a_connection_is_used_again_where_an_answer_leaves_it_so(
    server: Server, reply: bytes, again: bool
) -> None:
    connection = Connection(origin_of(server), tls(), httpcore.SyncBackend())
    server.answers = [reply]
    found = connection.handle_request(request(server))
    assert (found.status, found.read()) == (200, b"1")
    found.close()
    assert connection.is_idle() == again
    connection.close()
    assert not connection.is_idle()


@pytest.mark.parametrize(("reply", "again"), ENDS)
def test_so_is_one_of_asyncio(server: Server, reply: bytes, again: bool) -> None:
    async def run() -> None:
        connection = AsyncConnection(origin_of(server), tls(), AsyncioBackend(), DEADLINE, ())
        server.answers = [reply]
        found = await connection.handle_async_request(request(server))
        assert (found.status, await found.aread()) == (200, b"1")
        await found.aclose()
        assert connection.is_idle() == again
        await connection.aclose()
        assert not connection.is_idle()

    asyncio.run(run())


@pytest.mark.parametrize("size", [0, 1, WITH_HEAD, WITH_HEAD + 1, 1_000_000])
def test_a_body_of_any_size_arrives_whole(server: Server, size: int) -> None:
    connection = Connection(origin_of(server), tls(), httpcore.SyncBackend())
    server.answers, content = [answer(200)], bytes(range(256)) * (size // 256 + 1)
    connection.handle_request(request(server, "POST", content[:size])).close()
    connection.close()
    assert server.seen[0].body == content[:size]


class Deaf(httpcore.MockStream):
    """A peer that answers and takes nothing."""

    def write(self, *_: object) -> None:
        raise httpcore.WriteError


class ToDeaf(httpcore.MockBackend):
    """Connects to it."""

    def connect_tcp(self, *_: object, **__: object) -> Deaf:
        return Deaf([answer(413, b"too large")])


def test_what_a_server_says_that_takes_no_more_is_heard(server: Server) -> None:
    connection = Connection(origin_of(server), tls(), ToDeaf([]))
    found = connection.handle_request(request(server, "POST", b"a" * 100_000))
    assert (found.status, found.read()) == (413, b"too large")


def test_a_server_that_hangs_up_is_an_error_and_no_empty_answer(server: Server) -> None:
    connection = Connection(origin_of(server), tls(), httpcore.SyncBackend())
    server.answers = [Cut(answer(200, b"1234")[:-1])]
    found = connection.handle_request(request(server))
    with pytest.raises(httpcore.RemoteProtocolError):
        found.read()
    found.close()
    assert not connection.is_idle()
