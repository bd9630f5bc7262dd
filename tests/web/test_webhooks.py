"""Webhooks instead of streams: only what is signed counts, and it counts once."""

import re
import socket
import time
from collections.abc import Callable

import pytest
import redis
import structlog
from pydantic import SecretStr
from signed_events import event
from stepping import Flow
from web_inlet import SECRET, Web, serving

from cli.demo.ports import free_port
from config import durations, keys
from config.accounts.names import DEFAULT
from config.settings import Settings
from worker.piktid.webhook_signatures import SecretStore, StoredWebhook, is_signed, sign

pytestmark = pytest.mark.channel

BEFORE = SecretStr("the secret of before")
URL = "https://worker.example/webhooks/default"


def woken(client: "redis.Redis") -> int:
    """How many steps are queued."""
    return client.llen(keys.QUEUE(keys.STEPS))


def test_a_signed_event_wakes_the_step_of_its_job(
    web: Web, store: SecretStore, flow: Flow, generating: str
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert woken(flow.client) == 0
    assert web.send(event(generating)) == 204
    assert flow.steps.run() == ("collect_drafts", "brief:brief-1")
    assert flow.client.zrange(keys.HANDLED(DEFAULT), 0, -1) == ["1"]


BODY = b'{"id": 1, "name": "completed", "data": {"id_task": "job_1"}}'
GOOD = sign(SECRET, BODY).decode()


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        GOOD.removeprefix("sha256="),
        GOOD[:-1],
        GOOD + "0",
        GOOD.upper(),
        "sha1=" + GOOD.removeprefix("sha256="),
        sign(BEFORE, BODY).decode(),
        sign(SECRET, BODY + b" ").decode(),
        "sha256=\xe9",
    ],
)
def test_what_is_not_signed_is_refused_and_changes_nothing(
    web: Web, store: SecretStore, generating: str, unchanged: Callable[[], bool], signature: str | None
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert unchanged()
    assert web.post(BODY, signature) == 401
    assert unchanged()


def test_a_foreign_account_is_refused_as_one_of_ours_is(
    web: Web, store: SecretStore, unchanged: Callable[[], bool]
) -> None:
    rest = b"Host: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"

    def answer(account: str) -> bytes:
        with socket.create_connection(("127.0.0.1", web.port), 10) as connection:
            connection.sendall(f"POST /webhooks/{account} HTTP/1.1\r\n".encode() + rest)
            return re.sub(rb"date: .*", b"", b"".join(iter(lambda: connection.recv(4096), b"")))

    store.replace("stranger", URL, SECRET, time.time())
    assert unchanged()
    before = answer(DEFAULT)
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert before.startswith(b"HTTP/1.1 401")
    assert answer(DEFAULT) == answer("stranger") == answer("none") == before
    assert web.post(BODY, GOOD, account="stranger") == 401
    assert web.post(BODY, GOOD, account="..%2Fdefault") == 404
    assert unchanged()


def test_as_much_is_compared_whatever_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    signed: list[bytes] = []
    monkeypatch.setattr(
        "worker.piktid.webhook_signatures.sign", lambda _secret, body: signed.append(body) or b""
    )
    for webhook in (
        None,
        StoredWebhook(URL, 0, SECRET),
        StoredWebhook(URL, 0, SECRET, BEFORE, durations.SECRET_OVERLAP_SECONDS),
    ):
        assert not is_signed(webhook, BODY, "sha256=" + "0" * 64, 1)
    assert signed == [BODY] * 6


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[]", b"{}", b"7", b"[" * 100_000, b'{"name": "completed"}']
)
def test_a_signed_body_that_says_nothing_changes_nothing(
    web: Web, store: SecretStore, generating: str, unchanged: Callable[[], bool], body: bytes
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert unchanged()
    with structlog.testing.capture_logs() as logged:
        assert web.post(body, sign(SECRET, body).decode()) == 204
    assert unchanged()
    (line,) = logged
    assert (line["event"], line["bytes"], line["begins"]) == (
        "webhook.unreadable",
        len(body),
        ascii(body[:60]),
    )


def test_a_ping_is_answered_and_wakes_nobody(
    web: Web, store: SecretStore, generating: str, unchanged: Callable[[], bool]
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert unchanged()
    assert web.send({"id": 1, "name": "ping", "data": {}, "timestamp": time.time()}) == 204
    assert unchanged()


def test_an_event_counts_once(
    web: Web, store: SecretStore, flow: Flow, generating: str, unchanged: Callable[[], bool]
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    sent = event(generating)
    assert web.send(sent) == 204
    flow.steps.run()
    assert unchanged()
    assert web.send(sent) == 204
    assert unchanged()
    assert 0 < flow.client.pttl(keys.SEEN(DEFAULT)) <= 15 * 60_000


def test_an_event_older_than_what_is_remembered_changes_nothing(
    web: Web, store: SecretStore, generating: str, unchanged: Callable[[], bool]
) -> None:
    """Or a recorded one could be sent again once its id is forgotten."""
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert unchanged()
    assert web.send(event(generating, timestamp=time.time() - 16 * 60)) == 204
    assert unchanged()


def test_an_event_of_a_job_not_known_yet_waits_for_it(
    web: Web, store: SecretStore, client: "redis.Redis"
) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    assert web.send(event("job_early")) == 204
    assert client.lrange(keys.EARLY(DEFAULT, "job_early"), 0, -1) == ["1"]


def test_without_redis_the_api_is_asked_to_try_again(settings: Settings, store: SecretStore) -> None:
    store.replace(DEFAULT, URL, SECRET, time.time())
    with serving(settings, f"redis://127.0.0.1:{free_port()}") as web:
        assert web.send(event("job_1")) == 503
