"""A message that is lost between its queue and the ledger is run again; one that cannot be run is kept."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
import redis
from own_account import Api
from processes import ProcessFactory
from records_seen import state
from stepping import enqueue
from support import DEADLINE, brief, event_types, eventually

from actors.broker.broker import Broker
from config import durations, keys
from tests.chaos.harness.cutting import Cutting
from worker.ledger.ledger import Ledger


def has_workers(client: "redis.Redis") -> Callable[[], bool]:
    return lambda: client.zcard(keys.WORKERS()) > 0


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_brief_that_lost_redis_while_accepting_is_on_record_once(
    client: "redis.Redis",
    ledger: Ledger,
    api: Api,
    proxy: Cutting,
    redis_url: str,
    worker_process: ProcessFactory,
    lost: str,
) -> None:
    api.lose_events()  # by webhook the brief would not stay where it is looked at
    worker_process(REDIS_URL=proxy.url)
    assert eventually(client, has_workers(client))
    cut = proxy.cut_request if lost == "request" else proxy.cut_answer
    cut("FCALL", '"envelope"', "lucky")
    enqueue(redis_url, brief_id="lucky")
    assert proxy.done.wait(DEADLINE)
    assert eventually(client, lambda: state(ledger, "brief:lucky"))
    assert eventually(client, lambda: not client.hlen(keys.MESSAGES(keys.INLET)))
    assert event_types(client, "lucky") == ["identity.brief.accepted"]
    assert not client.exists(keys.DEAD_LETTERS(keys.INLET), keys.QUEUE(keys.INLET))


def test_a_message_whose_fetch_was_unanswered_runs_there_within_seconds(
    client: "redis.Redis",
    ledger: Ledger,
    proxy: Cutting,
    redis_url: str,
    worker_process: ProcessFactory,
) -> None:
    worker = worker_process(REDIS_URL=proxy.url)
    # A server that does not know the function yet fetches nothing at the first request.
    enqueue(redis_url, brief_id="first")
    assert eventually(client, lambda: state(ledger, "brief:first"))
    proxy.cut_answer("FCALL", f'"queue":"{keys.INLET}"', '"most"')
    enqueue(redis_url, brief_id="lucky")
    assert proxy.done.wait(DEADLINE)
    assert eventually(client, lambda: state(ledger, "brief:lucky"), deadline=10)
    assert eventually(client, lambda: "messages.reclaimed" in worker.written())
    assert client.zcard(keys.WORKERS()) == 1


def raw_message(redis_id: str, **changed: Any) -> str:
    """The text of an inlet message, as somebody would write it by hand."""
    whole = {
        "queue_name": keys.INLET, "actor_name": "accept_brief", "args": [brief(brief_id=redis_id)],
        "kwargs": {}, "options": {"redis_message_id": redis_id}, "message_id": redis_id,
        "message_timestamp": 0,
    }  # fmt: skip
    return json.dumps(whole | changed)


def test_messages_that_cannot_be_run_are_put_aside_and_their_neighbours_run(
    client: "redis.Redis", worker_process: ProcessFactory
) -> None:
    bad = {
        "no-json": "{",
        "no-fields": '{"queue_name": "briefs"}',
        "unknown-actor": raw_message("unknown-actor", actor_name="nobody"),
    }
    good = {f"good-{number}": raw_message(f"good-{number}") for number in range(8)}
    misnamed = {"misnamed": raw_message("misnamed", options={"redis_message_id": "another"})}
    order = ["good-0", "no-json", "good-1", "no-fields", "misnamed", "unknown-actor"]
    order += [name for name in good if name not in order]
    for redis_id, text in (bad | good | misnamed).items():
        client.hset(keys.MESSAGES(keys.INLET), redis_id, text)
    client.rpush(keys.QUEUE(keys.INLET), *order)
    worker_process()
    assert eventually(client, lambda: not client.hlen(keys.MESSAGES(keys.INLET)))
    assert sorted(cast(list[str], client.zrange(keys.UNFINISHED(), 0, -1))) == sorted([*good, "misnamed"])
    assert sorted(cast(list[str], client.zrange(keys.DEAD_LETTERS(keys.INLET), 0, -1))) == sorted(bad)
    assert client.hgetall(keys.DEAD_LETTER_TEXTS(keys.INLET)).keys() == bad.keys()
    assert not list(client.scan_iter(keys.IN_HAND("*", keys.INLET)))


def test_a_dead_letter_of_the_inlet_is_kept_for_good(client: "redis.Redis", redis_url: str) -> None:
    client.zadd(keys.DEAD_LETTERS(keys.INLET), {"old": 1})
    client.zadd(keys.DEAD_LETTERS(keys.STEPS), {"old": 1})
    client.hset(keys.DEAD_LETTER_TEXTS(keys.INLET), "old", "{}")
    client.hset(keys.DEAD_LETTER_TEXTS(keys.STEPS), "old", "{}")
    broker = Broker(redis_url, prefetch=1)
    broker.tend()
    broker.client.close()
    assert client.hkeys(keys.DEAD_LETTER_TEXTS(keys.INLET)) == ["old"]
    assert not client.exists(keys.DEAD_LETTERS(keys.STEPS)), f"older than {durations.DEAD_LETTERS_KEPT_MS} ms"
