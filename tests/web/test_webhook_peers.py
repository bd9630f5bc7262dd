"""Peers of the inlet that are slow, never done, too large or too many: none keeps the others out."""

import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import redis
import structlog
from processes import ProcessFactory, web_command
from signed_events import event
from support import DEADLINE, eventually
from web_inlet import SECRET, Web, serving

from config import durations
from config.accounts.names import DEFAULT
from config.settings import Settings
from web.webhooks import MAX_BODY
from worker.piktid.webhook_signatures import SecretStore, sign

pytestmark = pytest.mark.channel
URL = "https://worker.example/webhooks/default"

BODY = b'{"id": 1, "name": "completed", "data": {"id_task": "job_1"}}'
GOOD = sign(SECRET, BODY).decode()


def test_requests_that_are_never_whole_keep_nobody_out(
    settings: Settings, store: SecretStore, client: "redis.Redis", redis_url: str
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    with (
        structlog.testing.capture_logs() as logged,
        serving(settings, redis_url, lambda: 136) as web,
        ExitStack() as stack,
    ):
        head = b"POST /webhooks/default HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
        for half in (head[:30], head) * 20:
            half_sent = stack.enter_context(socket.create_connection(("127.0.0.1", web.port), 10))
            half_sent.sendall(half)
        assert web.send(event("job_1")) == 204
    assert 1 <= len([each for each in logged if each["event"] == "connections.full"]) <= 4


def dripped(connection: socket.socket) -> float:
    """For how many seconds a peer takes a byte now and then."""
    began = time.monotonic()
    while (seconds := time.monotonic() - began) < DEADLINE:
        try:
            connection.sendall(b"O")
            if connection.recv(4096) == b"":
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return seconds


def test_a_request_whose_head_drips_is_cut_off(
    settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "WEB_HEAD_SECONDS", 0.2)
    with serving(settings, redis_url) as web:
        for begun in (b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", web.port), 0.05) as connection:
                connection.sendall(begun + b"P")
                assert dripped(connection) < DEADLINE


def test_a_connection_that_sends_its_requests_together_is_not_cut_off_later(
    settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, together = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 300

    def read_answer() -> None:
        assert answers.readline() == b"HTTP/1.1 404 Not Found\r\n"
        while answers.readline() not in (b"\r\n", b""):
            pass
        answers.read(len("Not Found"))

    with serving(settings, redis_url) as web, socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.settimeout(DEADLINE)
        answers = connection.makefile("rb")
        connection.sendall(request)
        read_answer()
        # From now on, and much less than so many answers take.
        monkeypatch.setattr(durations, "WEB_HEAD_SECONDS", 0.02)
        connection.sendall(together * request)
        for _ in range(together):
            read_answer()


def test_web_reads_accounts_again_at_sighup_unless_they_are_wrong(
    settings: Settings, store: SecretStore, client: "redis.Redis", start: ProcessFactory, tmp_path: Path
) -> None:
    accounts, command = tmp_path / "accounts.toml", web_command()
    (tmp_path / "token").write_text("sandbox-a")

    def taken(name: str) -> bool:
        with suppress(ConnectionError):
            return Web(int(command[-1])).post(BODY, GOOD, account=name) == 204
        return False

    for name in ("a", "b"):
        store.replace(name, URL, SECRET, time.time())
    accounts.write_text(f'[accounts.a]\ntoken_file = "{tmp_path}/token"\n')
    web = start("web", command, ACCOUNTS_FILE=str(accounts))
    assert eventually(client, lambda: taken("a"))
    assert not taken("b")
    accounts.write_text(f'[accounts.b]\ntoken_file = "{tmp_path}/token"\n')
    web.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: taken("b"))
    assert not taken("a")
    accounts.write_text("[accounts.c]\n")
    web.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: "accounts.kept" in web.written())
    assert taken("b")


def test_what_is_too_large_is_refused(web: Web, store: SecretStore, unchanged: Callable[[], bool]) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert unchanged()
    large = b" " * (MAX_BODY + 1)
    assert web.post(large, sign(SECRET, large).decode()) == 413
    fits = b" " * MAX_BODY
    assert web.post(fits, sign(SECRET, fits).decode()) == 204
    assert unchanged()
