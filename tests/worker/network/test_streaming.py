"""The listener's connections to the API: shared by all accounts, mixed up by none."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import httpx
import pytest
from scripted_server import HANGING, Cut, Server, answer, serving
from support import DEADLINE

from config import durations
from worker.network.asyncio_network import PlainStream
from worker.network.streaming import Connections, Streams

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def over(work: Callable[[Connections, Streams], Awaitable[object]]) -> None:
    """Run something over fresh connections."""

    async def run() -> None:
        connections = Connections()
        async with Streams(connections) as streams, asyncio.timeout(DEADLINE):
            await work(connections, streams)

    asyncio.run(run())


async def delete(connections: Connections, server: Server) -> int:
    status, _ = await connections.ask("DELETE", f"{server.url}/notifications/1", {"X-Of": "a"}, 100)
    return status


def test_a_short_call_goes_to_the_host_and_path_of_its_url() -> None:
    async def work(connections: Connections, _: Streams) -> None:
        heads: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            url = f"http://127.0.0.1:{port}/Bücher/1"
            assert await connections.ask("DELETE", url, {}, 100) == (204, "")
        assert heads[0].startswith(b"DELETE /B%C3%BCcher/1 ")
        assert f"Host: 127.0.0.1:{port}\r\n".encode() in heads[0]

    over(work)


def test_a_short_call_tells_the_status_and_sends_what_it_should(server: Server) -> None:
    async def work(connections: Connections, _: Streams) -> None:
        server.answers = [answer(204), answer(404, {"message": "gone"}), answer(500, "x" * 10_000)]
        assert [await delete(connections, server) for _ in range(3)] == [204, 404, 500]

    over(work)
    assert len(server.seen) == 3
    told = server.seen[0]
    assert (told.method, told.path) == ("DELETE", "/notifications/1")
    names = ("Host", "X-Of", "User-Agent")
    assert [told.headers[name] for name in names] == [server.url[7:], "a", "identity-worker"]


async def read(streams: Streams, url: str) -> int:
    answer = await streams.handle_async_request(httpx.Request("GET", url))
    await answer.aread()
    await answer.aclose()
    return answer.status_code


def test_what_one_account_is_told_to_remember_is_sent_with_no_other(server: Server) -> None:
    async def work(connections: Connections, streams: Streams) -> None:
        cookie = {"Set-Cookie": "session=of-a; Path=/"}
        server.answers = [answer(200, {}, cookie), answer(204, None, cookie), answer(200, {}), answer(204)]
        for _ in range(2):
            assert await read(streams, server.url) == 200
            assert await delete(connections, server) == 204

    over(work)
    assert [seen.headers["Cookie"] for seen in server.seen] == [None] * 4


def test_this_machine_is_reached_without_the_proxy_of_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def work(connections: Connections, streams: Streams) -> None:
        server.answers = [answer(200, {}), answer(204)]
        assert await read(streams, server.url) == 200
        assert await delete(connections, server) == 204

    over(work)


def test_a_quiet_stream_is_kept_alive(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[socket.socket] = []
    set_options = PlainStream.set_options

    def note(stream: PlainStream, options: Iterable[Any]) -> None:
        set_options(stream, options)
        opened.append(stream._transport.get_extra_info("socket"))

    async def work(_: Connections, streams: Streams) -> None:
        server.answers = [STREAM]
        stream = await streams.handle_async_request(httpx.Request("GET", server.url))
        assert opened[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        await stream.aclose()

    monkeypatch.setattr(PlainStream, "set_options", note)
    over(work)


def test_a_stream_that_is_left_is_closed(server: Server) -> None:
    async def work(_: Connections, streams: Streams) -> None:
        server.answers = [STREAM]  # after which the server waits for one more request
        stream = await streams.handle_async_request(httpx.Request("GET", server.url))
        assert stream.status_code == 200
        await stream.aclose()
        assert await asyncio.to_thread(server.closed.wait, DEADLINE)

    over(work)


@pytest.mark.parametrize("reply", [Cut(b""), Cut(b"not HTTP at all\r\n\r\n"), Cut(b"HTTP/1.1 20")])
def test_whatever_befalls_a_short_call_is_one_kind_of_error(server: Server, reply: Cut) -> None:
    async def work(connections: Connections, _: Streams) -> None:
        server.answers = [reply]
        with pytest.raises(httpx.TransportError):
            await delete(connections, server)
        with pytest.raises(httpx.TransportError):
            await connections.ask("DELETE", "http://127.0.0.1:9/", {}, 100)

    over(work)


def test_a_server_that_says_nothing_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "HTTP_READ_SECONDS", 0.2)

    async def work(connections: Connections, _: Streams) -> None:
        server.answers = [HANGING]
        with pytest.raises(httpx.TransportError):
            await delete(connections, server)
        server.let_go.set()

    over(work)
