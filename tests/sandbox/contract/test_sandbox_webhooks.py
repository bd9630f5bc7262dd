"""Webhooks: one for each account, signed, tried again, and disturbed at will."""

import json
import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sandbox_api import RED, Api, task_of
from webhook_receiver import Receiver, signed_with


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def put(api: Api, receiver: Receiver) -> dict[str, Any]:
    """Set the webhook and take its first ping."""
    hook = api.session.put(api.url + "/webhooks", json={"url": receiver.url}, timeout=20).json()
    ping = receiver.next()
    assert ping[0]["X-Webhook-Event"] == "ping"
    assert signed_with(hook["secret"], ping)
    return hook


def until(condition: Callable[[], bool]) -> None:
    """Wait for what a request does not wait for itself."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline


def event_of(delivery: tuple[dict[str, str], bytes]) -> dict[str, Any]:
    return json.loads(delivery[1])


def test_a_webhook_is_pinged_at_once_and_gets_the_accounts_events_signed(
    api: Api, receiver: Receiver
) -> None:
    hook = put(api, receiver)
    job_id = api.create().json()["job_id"]
    delivery = receiver.next()
    assert delivery[0]["X-Webhook-Event"] == "completed"
    assert signed_with(hook["secret"], delivery)
    assert task_of(event_of(delivery)) == job_id


def test_the_same_event_is_in_the_stream_too(api: Api, receiver: Receiver) -> None:
    put(api, receiver)
    api.create()
    with api.stream() as stream:
        assert stream.backfill() == [event_of(receiver.next())]


def test_setting_the_webhook_again_rotates_the_secret(api: Api, receiver: Receiver) -> None:
    first, second = put(api, receiver), put(api, receiver)
    assert first["id"] == second["id"]
    assert first["secret"] != second["secret"]


def test_the_test_event_needs_a_webhook(api: Api, receiver: Receiver) -> None:
    assert api.post("/webhooks/test").status_code == 404
    put(api, receiver)
    assert api.post("/webhooks/test").status_code == 200
    assert event_of(receiver.next())["name"] == "ping"


@pytest.mark.parametrize("url", [None, "", "ftp://x/", "http://", "//x", "http://[", 7])
def test_a_webhook_needs_an_http_url(api: Api, url: object) -> None:
    assert api.session.put(api.url + "/webhooks", json={"url": url}, timeout=20).status_code == 400


def test_a_delivery_that_fails_is_tried_again(api: Api) -> None:
    api.set(webhook_retry_seconds=0.01)
    with Receiver() as receiver:
        put(api, receiver)
        receiver.failures = 2
        api.create()
        tries = [event_of(receiver.next())["id"] for _ in range(3)]
        assert len(set(tries)) == 1
        with pytest.raises(queue.Empty):
            receiver.deliveries.get(timeout=0.2)
    # Each is on record once its answer has come.
    until(lambda: len(api.ledger()["deliveries"]) == 4)
    statuses = [entry["status"] for entry in api.ledger()["deliveries"]]
    assert statuses == [204, 500, 500, 204]


def test_a_delivery_is_given_up_after_the_last_try(api: Api) -> None:
    api.set(webhook_retry_seconds=0.01, webhook_tries=2)
    with Receiver() as receiver:
        put(api, receiver)
        receiver.failures = 100
        api.create()
        assert receiver.next()[1] == receiver.next()[1]
        with pytest.raises(queue.Empty):
            receiver.deliveries.get(timeout=0.2)


def test_setting_the_webhook_again_shows_the_last_delivery(api: Api, receiver: Receiver) -> None:
    assert put(api, receiver)["last_response_at"] is None
    until(lambda: len(api.ledger()["deliveries"]) == 1)
    again = put(api, receiver)
    assert again["last_response_status"] == 204
    assert again["last_response_at"] is not None


def test_a_lost_event_reaches_neither_channel_unless_the_rule_names_one(api: Api, receiver: Receiver) -> None:
    put(api, receiver)
    with api.stream() as stream:
        stream.backfill()
        api.fault(kind="lose")
        api.create(RED, name="lost")
        api.fault(kind="lose", on="stream")
        by_webhook = api.create(RED, name="by webhook").json()["job_id"]
        assert task_of(event_of(receiver.next())) == by_webhook
        api.fault(kind="lose", on="webhook")
        by_stream = api.create(RED, name="by stream").json()["job_id"]
        assert task_of(stream.live()) == by_stream
        assert receiver.deliveries.empty()


def test_a_lost_ping_is_lost_too(api: Api, receiver: Receiver) -> None:
    put(api, receiver)
    api.fault(kind="lose")
    assert [api.post("/webhooks/test").status_code for _ in range(2)] == [200, 200]
    receiver.next()
    assert receiver.deliveries.empty()


@pytest.mark.parametrize(("kind", "copies"), [("lose", 0), ("double", 2), ("late", 1)])
def test_deliveries_can_be_lost_doubled_and_late(
    api: Api, receiver: Receiver, kind: str, copies: int
) -> None:
    put(api, receiver)
    api.fault(kind=kind, on="webhook", seconds=0.05)
    job_id = api.create().json()["job_id"]
    for _ in range(copies):
        assert task_of(event_of(receiver.next())) == job_id
    other = api.create(RED, name="other").json()["job_id"]
    assert task_of(event_of(receiver.next())) == other


def test_a_forged_delivery_comes_beside_the_true_one(api: Api, receiver: Receiver) -> None:
    hook = put(api, receiver)
    api.fault(kind="forge")
    api.create()
    genuine = [signed_with(hook["secret"], receiver.next()) for _ in range(2)]
    assert sorted(genuine) == [False, True]


def test_the_secret_is_shown_in_no_ledger_and_no_journal(api: Api, receiver: Receiver) -> None:
    secret = put(api, receiver)["secret"]
    assert secret not in json.dumps(api.ledger())
    journal = json.dumps(api.sandbox.journal(api.account))
    assert "/webhooks" in journal
    assert secret not in journal


def test_the_journal_hides_the_query_of_a_webhooks_address(api: Api, receiver: Receiver) -> None:
    api.session.put(api.url + "/webhooks", json={"url": receiver.url + "?key=hidden"}, timeout=20)
    [entry] = api.sandbox.journal(api.account)
    assert f"{receiver.url}?***" in entry["request"]
    assert f"{receiver.url}?***" in entry["answer"]
    assert "hidden" not in json.dumps(entry)
