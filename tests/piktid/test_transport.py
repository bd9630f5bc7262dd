"""What a failure of the connection proves: that nothing was sent, or that nobody can tell."""

import socket
import threading

import httpx
import pytest
from pydantic import SecretStr

from worker import pool as pool_module
from worker import transport
from worker.api_errors import NotSent, OutcomeUnknown
from worker.piktid import PiktID
from worker.pool import open_pool

from .calls import BODY, TOKEN, failure
from .scripted_server import HANGING, RESET, Cut, Server, answer


def test_a_refused_connection_was_not_sent(pool: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    api = PiktID(pool, f"http://127.0.0.1:{port}", SecretStr(TOKEN))
    assert type(failure(lambda: api.create(BODY))) is NotSent


def test_a_tls_handshake_without_an_answer_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, open_pool(timeout_connect=0.2) as impatient:
        api = PiktID(impatient, f"https://127.0.0.1:{silent.getsockname()[1]}", SecretStr(TOKEN))
        assert type(failure(lambda: api.create(BODY))) is NotSent


def test_a_pool_without_a_patience_of_its_own_has_the_one_that_is_set_when_it_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "CONNECT_SECONDS", 0.5)
    with open_pool() as opened:
        assert (opened.timeout.connect, opened.timeout.pool) == (0.5, 0.5)


def test_an_answer_that_is_no_tls_was_not_sent(pool: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak_plainly() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(4096)

        thread = threading.Thread(target=speak_plainly)
        thread.start()
        api = PiktID(pool, f"https://127.0.0.1:{listening.getsockname()[1]}", SecretStr(TOKEN))
        assert type(failure(lambda: api.create(BODY))) is NotSent
        thread.join(10)


def test_a_call_that_finds_no_free_connection_was_not_sent(server: Server) -> None:
    server.answers = [HANGING]
    with open_pool(max_connections=1, timeout_pool=0.1) as small:
        api = PiktID(small, server.url, SecretStr(TOKEN))
        first = threading.Thread(target=lambda: failure(lambda: api.create(BODY)))
        first.start()
        assert server.arrived.wait(10)
        assert type(failure(lambda: api.create(BODY))) is NotSent
        server.let_go.set()
        first.join(10)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(HANGING, id="silence"),
        pytest.param(RESET, id="reset"),
        pytest.param(Cut(b""), id="closed without a word"),
        pytest.param(Cut(b"HTTP/1.1 202 Acc"), id="half a status line"),
        pytest.param(Cut(b"not HTTP at all\r\n\r\n"), id="not HTTP"),
        pytest.param(answer(302, None, {"Location": "http://a:b/"}), id="a redirect to no URL"),
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
    assert type(failure(lambda: api.create(BODY))) is OutcomeUnknown
    assert len(server.seen) == 1


def test_a_body_that_the_server_does_not_take_leaves_the_outcome_unknown(server: Server, api: PiktID) -> None:
    server.answers = [HANGING]
    assert type(failure(lambda: api.create({"prompt": "a" * 32_000_000}))) is OutcomeUnknown


def test_a_connection_that_the_server_has_closed_is_not_used_again(server: Server, api: PiktID) -> None:
    server.answers = [Cut(answer(202, {"job_id": "job_1"})), answer(202, {"job_id": "job_2"})]
    assert api.create(BODY).job_id == "job_1"
    assert server.closed.wait(10)
    assert api.create(BODY).job_id == "job_2"


def test_a_body_that_drips_for_longer_than_its_time_is_given_up(server: Server, pool: httpx.Client) -> None:
    server.answers = [answer(200, b"{}")]
    with pool.stream("GET", server.url) as response:
        assert transport.read_body(response, 1000, seconds=-1.0) == (b"{}", False)


@pytest.mark.parametrize("late", ["create", "promote", "extract"])
def test_what_costs_is_not_sent_when_it_is_too_late(api: PiktID, server: Server, late: str) -> None:
    over = transport.clock() - 0.001
    calls = {
        "create": lambda: api.create(BODY, over),
        "promote": lambda: api.promote(1, None, over),
        "extract": lambda: api.extract("f", over),
    }
    assert type(failure(calls[late])) is NotSent
    assert server.closed.wait(10)
    assert server.seen == []


def test_a_request_whose_time_is_over_after_its_headers_is_never_whole(
    api: PiktID, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 2.0])
    monkeypatch.setattr(transport, "clock", lambda: next(times))
    server.answers = [answer(200)]
    assert type(failure(lambda: api.create(BODY, 1.0))) is NotSent
    assert server.closed.wait(10)
    assert server.seen[0].body == b""
