"""What a failure of the connection proves: that nothing was sent, or that nobody can tell."""

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from calls import BODY, TOKEN, failure
from pydantic import SecretStr
from scripted_server import HANGING, RESET, Cut, Dripping, Server, answer
from support import DEADLINE

from cli.demo.ports import free_port
from config import durations
from worker.network.pool import Pool, open_pool
from worker.piktid import transport
from worker.piktid.client import PiktID
from worker.piktid.errors import NotSentError, OutcomeUnknownError


def test_a_refused_connection_was_not_sent(pool: Pool) -> None:
    api = PiktID(pool, f"http://127.0.0.1:{free_port()}", SecretStr(TOKEN))
    assert type(failure(lambda: api.create(BODY))) is NotSentError


def test_a_tls_handshake_without_an_answer_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, open_pool(timeout_connect=0.2) as impatient:
        api = PiktID(impatient, f"https://127.0.0.1:{silent.getsockname()[1]}", SecretStr(TOKEN))
        assert type(failure(lambda: api.create(BODY))) is NotSentError


def test_a_pool_without_its_own_patience_has_the_current_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(durations, "HTTP_CONNECT_SECONDS", 0.5)
    with open_pool() as opened:
        assert opened.timeout["connect"] == 0.5


def test_an_answer_that_is_no_tls_was_not_sent(pool: Pool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak_plainly() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(4096)

        thread = threading.Thread(target=speak_plainly)
        thread.start()
        api = PiktID(pool, f"https://127.0.0.1:{listening.getsockname()[1]}", SecretStr(TOKEN))
        assert type(failure(lambda: api.create(BODY))) is NotSentError
        thread.join(10)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(RESET, id="reset"),
        pytest.param(Cut(b""), id="closed without a word"),
        pytest.param(Cut(b"HTTP/1.1 202 Acc"), id="half a status line"),
        pytest.param(Cut(b"not HTTP at all\r\n\r\n"), id="not HTTP"),
        pytest.param(Cut(answer(202, {"job_id": "job_1"})[:-4]), id="a body cut short"),
        pytest.param(Cut(b'HTTP/1.0 202 Accepted\r\n\r\n{"job_id": "jo'), id="half of a JSON text"),
        pytest.param(
            answer(202, {"job_id": "job_1"}, {"Content-Encoding": "gzip"}), id="no gzip as promised"
        ),
    ],
)
def test_once_the_request_has_left_a_failure_leaves_the_outcome_unknown(
    server: Server, api: PiktID, reply: bytes | str
) -> None:
    server.answers = [reply]
    assert type(failure(lambda: api.create(BODY))) is OutcomeUnknownError
    assert len(server.seen) == 1


@pytest.mark.parametrize("prompt", ["a face", "a" * 32_000_000], ids=["silence", "a body not taken"])
def test_a_server_that_does_not_go_on_leaves_the_outcome_unknown(
    server: Server, impatient_api: PiktID, prompt: str
) -> None:
    server.answers = [HANGING]
    assert type(failure(lambda: impatient_api.create({"prompt": prompt}))) is OutcomeUnknownError


@pytest.mark.parametrize(
    "drips",
    [
        pytest.param(b"HTTP/1.1 202 Acc", id="the status line"),
        pytest.param(b"HTTP/1.1 202 Accepted\r\nX-A: b", id="a header"),
        pytest.param(b"HTTP/1.1 202 Accepted\r\nContent-Length: 999999\r\n\r\n ", id="the body"),
    ],
)
def test_an_answer_that_drips_is_given_up_after_the_longest_call(
    server: Server, api: PiktID, monkeypatch: pytest.MonkeyPatch, drips: bytes
) -> None:
    monkeypatch.setattr(transport, "longest_call", lambda _timeout: 0.5)
    server.answers = [Dripping(drips)]  # for hours
    assert type(failure(lambda: api.create(BODY))) is OutcomeUnknownError


def test_a_name_not_resolved_in_time_is_an_unsent_request(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, ended = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> list[Any]:
        over.wait(DEADLINE)
        ended.set()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with open_pool(timeout_connect=0.2) as impatient:
        api = PiktID(impatient, "https://slow.example", SecretStr(TOKEN))
        assert type(failure(lambda: api.create(BODY))) is NotSentError
    assert not ended.is_set()
    over.set()
    assert ended.wait(DEADLINE)


def test_of_a_hosts_silent_addresses_none_takes_the_time_of_the_next(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.server_address[1]
    with full("127.0.0.2", port), full("127.0.0.3", port), open_pool(timeout_connect=1.5) as pool:
        places = [(address, port) for address in ("127.0.0.2", "127.0.0.3", "127.0.0.1")]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
        monkeypatch.setattr("worker.network.addresses.socket", Resolver(found))
        server.answers = [answer(202, {"job_id": "job_1"})]
        api = PiktID(pool, f"http://localhost:{port}", SecretStr(TOKEN))
        assert api.create(BODY).job_id == "job_1"


@contextmanager
def full(address: str, port: int) -> Iterator[None]:
    """A place that takes no connection and refuses none: its queue is full."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server((address, port), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield


@dataclass
class Resolver:
    """The module `socket` with one answer to each name."""

    found: list[Any]
    SOCK_STREAM = socket.SOCK_STREAM

    def getaddrinfo(self, *_arguments: Any, **_more: Any) -> list[Any]:
        return self.found


@pytest.mark.parametrize("named", ["gzip", "gzip, gzip", "br", "zstd", "x-unheard-of"])
def test_a_packed_answer_is_not_unpacked_past_the_limit(server: Server, pool: Pool, named: str) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    if named != "gzip":
        bomb = gzip.compress(bomb)
    server.answers = [answer(200, bomb, {"Content-Encoding": named})]
    tracemalloc.start()
    try:
        with closing(pool.handle_request(pool.request("GET", server.url))) as response:
            body, whole = transport.read_body(response, 20_000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not whole
    assert len(body) <= 20_001
    assert most < 2_000_000


@pytest.mark.parametrize("named", ["gzip", "GZIP", "identity, gzip", "x-gzip ,", "", "identity,identity"])
def test_an_answer_that_a_proxy_packed_unasked_still_tells_what_was_bought(
    server: Server, api: PiktID, named: str
) -> None:
    plain = b'{"job_id": "job_1"}'
    body = gzip.compress(plain) if "gzip" in named.lower() else plain
    server.answers = [answer(202, body, {"Content-Encoding": named})]
    assert api.create(BODY).job_id == "job_1"
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


def test_what_was_packed_in_two_parts_is_not_taken_for_whole(server: Server, pool: Pool) -> None:
    parts = gzip.compress(b'{"drafts": ') + gzip.compress(b"[]}")
    server.answers = [answer(200, parts, {"Content-Encoding": "gzip"})]
    with closing(pool.handle_request(pool.request("GET", server.url))) as response:
        _, whole = transport.read_body(response, 20_000)
    assert not whole


@pytest.mark.parametrize("late", ["create", "promote", "extract"])
def test_what_costs_is_not_sent_when_it_is_too_late(api: PiktID, server: Server, late: str) -> None:
    over = transport.monotonic() - 0.001
    calls = {
        "create": lambda: api.create(BODY, over),
        "promote": lambda: api.promote(1, None, over),
        "extract": lambda: api.extract("f", over),
    }
    assert type(failure(calls[late])) is NotSentError
    assert server.closed.wait(DEADLINE)
    assert server.seen == []


def test_a_request_whose_time_is_over_after_its_headers_is_never_whole(
    api: PiktID, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 2.0])
    monkeypatch.setattr(transport, "monotonic", lambda: next(times))
    server.answers = [answer(200)]
    large = {**BODY, "prompt": "a" * 100_000}  # a small one leaves with the headers
    assert type(failure(lambda: api.create(large, 1.0))) is NotSentError
    assert server.closed.wait(DEADLINE)
    assert server.seen[0].body == b""
