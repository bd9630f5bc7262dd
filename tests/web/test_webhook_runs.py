"""Briefs come to their end by webhooks alone, whatever becomes of the deliveries."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from own_account import Api
from processes import ProcessFactory, RunningProcess
from pydantic import SecretStr
from signed_events import event, run
from stepping import Flow, enqueue
from support import eventually
from web_inlet import SECRET, Web

from cli.demo.ports import free_port
from config import keys
from config.accounts.names import DEFAULT
from worker.ledger.ledger import Ledger
from worker.piktid.webhook_signatures import SecretStore, sign

pytestmark = pytest.mark.channel

BEFORE = SecretStr("the secret of before")
URL = "https://worker.example/webhooks/default"

BODY = b'{"id": 1, "name": "completed", "data": {"id_task": "job_1"}}'
GOOD = sign(SECRET, BODY).decode()


def test_a_brief_comes_to_its_end_by_webhooks_alone(flow: Flow, web: Web, api: Api) -> None:
    """No stream is open and no timer is read: what moves the brief is what the web process is told."""
    assert run("set", web.url, "--yes").exit_code == 0
    brief_id = flow.accept()
    assert flow.finish(brief_id).state == "done"
    assert api.ledger()["open_streams"] == 0


def test_lost_doubled_late_and_forged_deliveries_end_the_same(heard: Flow, web: Web, api: Api) -> None:
    assert run("set", web.url, "--yes").exit_code == 0
    for kind in ("lose", "double", "late", "forge"):
        api.fault(kind, on="webhook")
    for brief_id in [heard.accept(name=f"face {number}") for number in range(3)]:
        assert heard.finish(brief_id).state == "done"
    assert api.ledger()["violations"]["duplicate_creates"] == 0


@pytest.fixture
def web_process(start: Callable[..., RunningProcess]) -> Callable[..., int]:
    """Return what starts `identity-worker web`, and returns its port."""

    def start_web(**more: str) -> int:
        port = free_port()
        script = str(Path(sys.executable).parent / "identity-worker")
        start("web", [script, "web", "--port", str(port)], **more)
        return port

    return start_web


def test_with_webhooks_no_stream_is_opened_and_handled_events_are_deleted(
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
    web_process: Callable[..., int],
    redis_url: str,
    ledger: Ledger,
    api: Api,
) -> None:
    api.set(backfill_seconds=100_000)
    by_webhook = {"IDENTITY_WORKER_EVENTS": "webhook"}
    port = web_process(**by_webhook)
    worker_process(**by_webhook)
    listener_process(**by_webhook)
    assert run("set", f"http://127.0.0.1:{port}/webhooks/default", "--yes").exit_code == 0
    enqueue(redis_url, brief_id="spring")
    eventually(ledger.client, lambda: ledger.client.zscore(keys.FINISHED(), "spring"))
    eventually(ledger.client, lambda: not api.ledger()["pending_notifications"])
    assert api.requests("GET /notifications/events") == 0
    assert api.requests("PUT /webhooks") == 1, "by the command alone"
    eventually(ledger.client, lambda: set(last_answers(api).values()) == {204})


def last_answers(api: Api) -> dict[int, int | None]:
    """Return what the last delivery of each event but the pings was answered; one may come too early."""
    sent = [entry for entry in api.ledger()["deliveries"] if entry["event"] != "ping"]
    return {entry["event_id"]: entry["status"] for entry in sent}


def test_each_delivery_is_a_log_line_with_name_and_owner(
    web: Web, store: SecretStore, generating: str
) -> None:
    with structlog.testing.capture_logs() as logged:
        web.send(event(generating, 1))
        store.replace(DEFAULT, URL, SECRET, time.time())
        web.send(event(generating, 2))
        web.send({"id": 3, "name": "ping", "data": {}})
        web.send(event(generating, 4), BEFORE)
        web.post(BODY, GOOD, account="stranger%1B")
    names = ("event", "account", "name", "notification", "whose", "status", "why")
    told = [each for each in logged if each["event"].startswith("webhook.")]
    assert [{name: each[name] for name in names if name in each} for each in told] == [
        {
            "event": "webhook.refused",
            "account": DEFAULT,
            "status": 401,
            "why": "no webhook was set from here",
        },
        {
            "event": "webhook.taken",
            "account": DEFAULT,
            "name": "completed",
            "notification": "2",
            "whose": "ours",
        },
        {"event": "webhook.ping", "account": DEFAULT, "name": "ping", "notification": "3"},
        {
            "event": "webhook.refused",
            "account": DEFAULT,
            "status": 401,
            "why": "not signed with the account's secret",
        },
        {
            "event": "webhook.refused",
            "account": "stranger\\x1b",
            "status": 401,
            "why": "no such account",
        },
    ]
