"""Connections to the API, used again by one call after another and by no two at once."""

import threading
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from scripted_server import HANGING, Cut, Server, answer, serving
from support import DEADLINE

from worker.network.pool import Pool, open_pool


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def pool() -> Iterator[Pool]:
    with open_pool(timeout_read=DEADLINE) as opened:
        yield opened


def got(pool: Pool, server: Server) -> bytes:
    """What the server answers, read to its end."""
    with closing(pool.handle_request(pool.request("GET", server.url))) as response:
        return b"".join(response.iter_raw())


def test_calls_one_after_another_share_a_connection(server: Server, pool: Pool) -> None:
    server.answers = [answer(200, b"1"), answer(200, b"2"), answer(200, b"3")]
    assert [got(pool, server) for _ in range(3)] == [b"1", b"2", b"3"]
    assert len(server.connections) == 1


def test_calls_at_once_have_a_connection_each(server: Server, pool: Pool) -> None:
    server.answers = [HANGING, answer(200, b"2")]

    def hang() -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            got(pool, server)

    first = threading.Thread(target=hang)
    first.start()
    assert server.arrived.wait(DEADLINE)
    assert got(pool, server) == b"2"
    server.let_go.set()
    first.join(DEADLINE)
    assert len(server.connections) == 2


def test_a_connection_idle_for_its_time_is_closed(server: Server) -> None:
    server.answers = [answer(200, b"1"), answer(200, b"2")]
    with open_pool(keepalive_expiry=1e-9) as pool:
        assert [got(pool, server), got(pool, server)] == [b"1", b"2"]
        assert server.closed.wait(DEADLINE)
    assert len(server.connections) == 2


def test_a_connection_to_a_host_called_just_once_is_closed_as_well(server: Server) -> None:
    with open_pool(keepalive_expiry=1e-9) as pool, serving() as once:
        once.answers, server.answers = [answer(200, b"1")], [answer(200, b"2"), answer(200, b"3")]
        got(pool, once)
        got(pool, server)
        got(pool, server)
        assert once.closed.wait(DEADLINE)
        assert len(pool._idle) <= 1


def test_a_connection_that_the_server_has_closed_is_not_used_again(server: Server, pool: Pool) -> None:
    server.answers = [Cut(answer(200, b"1")), answer(200, b"2")]
    assert got(pool, server) == b"1"
    assert server.closed.wait(DEADLINE)
    assert got(pool, server) == b"2"


def test_the_connection_of_an_answer_half_read_is_closed(server: Server, pool: Pool) -> None:
    server.answers = [answer(200, b"a" * 100_000), answer(200, b"b")]
    pool.handle_request(pool.request("GET", server.url)).close()
    assert got(pool, server) == b"b"
    assert len(server.connections) == 2


def test_no_url_of_another_scheme_is_called(pool: Pool) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        pool.handle_request(pool.request("GET", "ftp://localhost/"))
