"""The queue: Dramatiq's own layout, woken instead of polled, each worker with no more than it can run."""

import json
import threading
import time
from typing import Any

import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.worker import Worker
from processes import ProcessFactory
from queue_contents import in_hand
from stepping import Flow, enqueue, inlet_message, step
from support import DEADLINE, brief, event_types, eventually

from actors.broker.broker import Broker, brief_message
from config import keys


def queued(client: "redis.Redis", queue: str) -> dict[str, Any]:
    """The messages of a queue as they stand in Redis, by the id under which the queue's list has them."""
    ids: Any = client.lrange(keys.QUEUE(queue), 0, -1)
    texts: Any = client.hgetall(keys.MESSAGES(queue))
    assert sorted(ids) == sorted(texts)
    return {id_: json.loads(texts[id_]) for id_ in ids}


def test_a_step_sent_by_a_script_looks_like_one_sent_by_dramatiq(
    flow: Flow, client: "redis.Redis", stock: RedisBroker
) -> None:
    flow.accept(brief_id="b")
    ((id_, by_script),) = queued(client, keys.STEPS).items()
    client.delete(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))
    stock.enqueue(step("submit_brief", "brief:b"))
    ((other_id, by_dramatiq),) = queued(client, keys.STEPS).items()
    assert set(by_script) == set(by_dramatiq)
    assert by_script["options"] == {"redis_message_id": id_}
    assert by_dramatiq["options"] == {"redis_message_id": other_id}
    same = ("queue_name", "actor_name", "args")
    assert [by_script[each] for each in same] == [by_dramatiq[each] for each in same]
    assert abs(by_script["message_timestamp"] - by_dramatiq["message_timestamp"]) < 60_000
    # An empty table is the one thing that Lua cannot write as an object; Dramatiq unpacks both alike.
    assert not by_script["kwargs"]
    assert not by_dramatiq["kwargs"]


def test_a_stock_worker_can_take_a_step_that_a_script_sent(
    flow: Flow, client: "redis.Redis", stock: RedisBroker
) -> None:
    flow.accept(brief_id="b")
    consumer = stock.consume(keys.STEPS)
    message = next(consumer)
    assert message is not None
    assert (message.actor_name, list(message.args)) == ("submit_brief", ["brief:b"])
    consumer.ack(message)
    assert not client.exists(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))
    assert in_hand(client) == []


def test_a_brief_enqueued_by_another_dramatiq_program_reaches_the_actor(flow: Flow, redis_url: str) -> None:
    enqueue(redis_url, brief_id="from-elsewhere")
    assert flow.steps.run(keys.INLET)[0] == "accept_brief"
    assert flow.brief("from-elsewhere").state == "waiting"


def test_a_brief_enqueued_by_two_raw_commands_reaches_the_actor(flow: Flow, client: "redis.Redis") -> None:
    message = {
        "queue_name": "briefs", "actor_name": "accept_brief", "args": [brief(brief_id="raw")], "kwargs": {},
        "options": {"redis_message_id": "m1"}, "message_id": "m1", "message_timestamp": 0,
    }  # fmt: skip
    client.hset("dramatiq:briefs.msgs", "m1", json.dumps(message))
    client.rpush("dramatiq:briefs", "m1")
    assert flow.steps.run(keys.INLET)[0] == "accept_brief"
    assert flow.brief("raw").state == "waiting"


def test_a_redelivered_message_without_a_brief_id_is_no_second_brief(flow: Flow, ours: Broker) -> None:
    message = brief_message(json.dumps(brief()))
    for _ in range(2):
        ours.enqueue(message)
        flow.steps.run(keys.INLET)
    assert flow.client.zrange(keys.UNFINISHED(), 0, -1) == [message.message_id]
    assert event_types(flow.client) == ["identity.brief.accepted"]


def seconds_to_start(broker: RedisBroker, client: "redis.Redis", *, polls: bool) -> float:
    """How long a message lies in the queue of an idle consumer, in seconds."""
    consumer: Any = broker.consume("steps", prefetch=1, timeout=1000)
    got = threading.Event()

    def consume() -> None:
        while (message := next(consumer)) is None:
            pass
        got.set()
        consumer.ack(message)

    def idle() -> bool:
        clients: Any = client.info("clients")
        return bool(consumer.misses > 4 if polls else clients["blocked_clients"] > 0)

    thread = threading.Thread(target=consume)
    thread.start()
    # Not `eventually`, which blocks on the server itself.
    while not idle():
        got.wait(0.001)
    began = time.perf_counter()
    broker.enqueue(step("a"))
    assert got.wait(DEADLINE)
    taken = time.perf_counter() - began
    thread.join()
    return taken


def test_an_idle_worker_starts_a_message_far_sooner_than_one_that_polls(
    client: "redis.Redis", ours: Broker, stock: RedisBroker
) -> None:
    # The best of each: at worst it takes as long as a busy machine lets anybody wait.
    blocking = [seconds_to_start(ours, client, polls=False) for _ in range(5)]
    polling = [seconds_to_start(stock, client, polls=True) for _ in range(3)]
    assert min(blocking) * 5 < min(polling)


def test_a_waiting_consumer_takes_nothing_before_it_can_run_it(client: "redis.Redis", ours: Broker) -> None:
    consumer = ours.consume(keys.STEPS, prefetch=8)
    for number in range(3):
        ours.enqueue(step("a", number))
    first = next(consumer)
    assert first is not None
    assert len(in_hand(client)) == 1
    assert client.llen(keys.QUEUE(keys.STEPS)) == 2
    consumer.nack(first)


def test_a_worker_takes_no_more_of_all_queues_than_it_has_threads(
    client: "redis.Redis", redis_url: str
) -> None:
    broker = Broker(redis_url, prefetch=3)
    for number in range(3):
        broker.enqueue(step("a", number))
        broker.enqueue(inlet_message(brief(brief_id=f"b{number}")))
    steps, inlet = (broker.consume(queue, prefetch=8) for queue in (keys.STEPS, keys.INLET))
    first = next(inlet)
    assert first is not None
    assert len(in_hand(client, keys.INLET)) == 3
    # What is fetched and not handed out yet counts as well.
    assert next(steps) is None
    assert in_hand(client) == []
    inlet.ack(first)
    assert next(steps) is not None
    assert len(in_hand(client)) == 1
    assert next(steps) is None
    broker.client.close()


def test_a_worker_holds_as_many_messages_as_threads_whoever_says_how_many(redis_url: str) -> None:
    broker = Broker(redis_url)
    worker = Worker(broker, worker_threads=3)
    broker.emit_before("worker_boot", worker)
    assert broker.consume(keys.STEPS, prefetch=worker.queue_prefetch).prefetch == 3
    broker.client.close()


def test_a_hanging_fetch_stops_the_other_queue_but_no_sign_of_life(
    client: "redis.Redis", ours: Broker
) -> None:
    consumer = ours.consume(keys.STEPS)
    ours.enqueue(step("a"))
    with ours.fetching:
        assert next(consumer) is None
        assert client.zscore(keys.WORKERS(), ours.broker_id)
        assert in_hand(client) == []
    assert next(consumer) is not None


def test_what_is_in_nobodys_hands_is_given_back_once(ours: Broker, client: "redis.Redis") -> None:
    ours.enqueue_briefs(["{}"])
    (taken,) = ours.fetch(keys.INLET, 1)
    for _ in range(2):
        ours.requeue(keys.INLET, taken.id)
    assert client.lrange(keys.QUEUE(keys.INLET), 0, -1) == [taken.id]


def test_messages_come_in_the_order_in_which_they_were_sent(ours: Broker) -> None:
    consumer = ours.consume(keys.STEPS)
    for number in range(5):
        ours.enqueue(step("a", number))
    taken = []
    for _ in range(5):
        message = next(consumer)
        assert message is not None
        taken.append(message.args[0])
        consumer.ack(message)
    assert taken == [0, 1, 2, 3, 4]


def test_dramatiq_has_nothing_to_warn_of_when_a_brief_is_taken(
    client: "redis.Redis", ours: Broker, worker_process: ProcessFactory
) -> None:
    ours.enqueue(inlet_message(brief(brief_id="b")))
    worker = worker_process()
    assert eventually(client, lambda: event_types(client, "b"))
    assert eventually(client, lambda: not client.hlen(keys.MESSAGES(keys.INLET)))
    assert worker.stop() == 0
    written = worker.written()
    assert "event=brief.taken" in written
    assert "returned a value" not in written
