"""The queue: Dramatiq's own layout, woken instead of polled, nothing lost when a worker dies."""

import itertools
import json
import math
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.worker import Worker
from own_account import CREATE
from processes import ProcessFactory
from stepping import Flow, enqueue, inlet_message, step, stock_broker
from support import brief, event_types, eventually

from actors.broker.broker import Broker, brief_message
from actors.broker.dead_letters import read
from actors.broker.library import MOST_DEATHS
from config import durations, keys
from worker.ledger import commands
from worker.store.connection import connect_bytes
from worker.store.functions import Functions

RESULTS = "/jobs/*/results"


@pytest.fixture
def stock(redis_url: str) -> Iterator[RedisBroker]:
    """A broker as other programs have it."""
    with connect_bytes(redis_url) as client:
        yield stock_broker(client)


@pytest.fixture
def ours(redis_url: str) -> Iterator[Broker]:
    broker = Broker(redis_url, prefetch=1)
    yield broker
    broker.client.close()


def queued(client: "redis.Redis", queue: str) -> dict[str, Any]:
    """The messages of a queue as they stand in Redis, by the id under which the queue's list has them."""
    ids: Any = client.lrange(keys.QUEUE(queue), 0, -1)
    texts: Any = client.hgetall(keys.MESSAGES(queue))
    assert sorted(ids) == sorted(texts)
    return {id_: json.loads(texts[id_]) for id_ in ids}


def in_hand(client: "redis.Redis", queue: str = keys.STEPS) -> list[str]:
    """The messages that workers have taken and not acknowledged."""
    held: list[str] = []
    for key in client.scan_iter(keys.IN_HAND("*", queue)):
        members: Any = client.smembers(str(key))
        held += members
    return held


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
    assert got.wait(10)
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


def test_a_killed_workers_message_runs_elsewhere_within_ten_seconds(
    flow: Flow, client: "redis.Redis", functions: Functions, worker_process: ProcessFactory
) -> None:
    def workers() -> set[str]:
        found: Any = client.zrange(keys.WORKERS(), 0, -1)
        return set(found) - {flow.broker.broker_id}

    flow.api.lose_events()
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    flow.api.fault("delay", path=RESULTS, seconds=30, count=1)
    victim = worker_process(IDENTITY_WORKER_REQUEST_TIMEOUT="60")
    assert eventually(client, lambda: len(workers()) == 1)
    job = flow.brief("b").fields["job_id"]
    functions.run(commands.wake(account="default", event="1", job=job))
    assert eventually(client, lambda: in_hand(client))
    worker_process()
    assert eventually(client, lambda: len(workers()) == 2)
    victim.kill()
    # Nothing else could wake the step: no event comes, and without a listener no timer runs.
    assert eventually(client, lambda: "identity.drafts.ready" in event_types(client), deadline=10)
    assert not client.exists(keys.DEAD_LETTERS(keys.STEPS))


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


def test_a_step_that_raises_becomes_a_dead_letter_the_next_one_runs(
    flow: Flow, client: "redis.Redis", ours: Broker, worker_process: ProcessFactory
) -> None:
    sent = ours.enqueue(step("submit_brief", "one", "too many"))
    worker_process()
    assert eventually(client, lambda: client.zcard(keys.DEAD_LETTERS(keys.STEPS)) == 1)
    dead_letters: Any = client.hvals(keys.DEAD_LETTER_TEXTS(keys.STEPS))
    assert json.loads(dead_letters[0])["message_id"] == sent.message_id
    assert eventually(client, lambda: not client.hlen(keys.MESSAGES(keys.STEPS)))
    dead_letter = read(client, keys.STEPS, client.zrange(keys.DEAD_LETTERS(keys.STEPS), 0, -1)[0])
    assert dead_letter is not None
    assert dead_letter.error.startswith("it raised TypeError: ")
    ours.enqueue(inlet_message(brief(brief_id="next")))
    assert eventually(client, lambda: event_types(client, "next"))


def test_a_step_that_redis_cannot_use_is_dead_and_does_not_circle(
    client: "redis.Redis", ours: Broker, worker_process: ProcessFactory
) -> None:
    ours.enqueue(step("release_orphan", None))
    worker_process()
    assert eventually(client, lambda: client.zcard(keys.DEAD_LETTERS(keys.STEPS)) == 1)
    dead_letter = read(client, keys.STEPS, client.zrange(keys.DEAD_LETTERS(keys.STEPS), 0, -1)[0])
    assert dead_letter is not None
    assert dead_letter.error.startswith("it raised ")
    assert not client.exists(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))


def test_a_dead_letter_is_kept_for_seven_days(client: "redis.Redis", ours: Broker) -> None:
    seconds: Any = client.time()
    end = seconds[0] * 1000 - durations.DEAD_LETTERS_KEPT_MS
    old, young = end - 5_000, end + 60_000
    client.zadd(keys.DEAD_LETTERS(keys.STEPS), {"old": old, "young": young})
    for texts in (keys.DEAD_LETTER_TEXTS(keys.STEPS), keys.DEAD_LETTER_REASONS()):
        client.hset(texts, mapping={"old": "{}", "young": "{}"})
    ours.tend()
    assert client.zrange(keys.DEAD_LETTERS(keys.STEPS), 0, -1) == ["young"]
    assert (
        client.hkeys(keys.DEAD_LETTER_TEXTS(keys.STEPS))
        == client.hkeys(keys.DEAD_LETTER_REASONS())
        == ["young"]
    )


def test_what_a_stock_worker_had_is_put_back_after_a_silent_minute(
    client: "redis.Redis", redis_url: str, ours: Broker, stock: RedisBroker
) -> None:
    stock.enqueue(step("a"))
    assert next(stock.consume(keys.STEPS)) is not None
    client.zincrby(keys.HEARTBEATS(), -30_000, stock.broker_id)
    ours.tend()
    assert client.llen(keys.QUEUE(keys.STEPS)) == 0
    client.zincrby(keys.HEARTBEATS(), -31_000, stock.broker_id)
    later = Broker(redis_url, prefetch=1)
    later.tend()
    assert client.llen(keys.QUEUE(keys.STEPS)) == 1
    assert in_hand(client) == []
    assert client.zscore(keys.HEARTBEATS(), stock.broker_id) is None
    later.client.close()


def test_a_message_that_three_workers_died_with_is_a_dead_letter(
    client: "redis.Redis", redis_url: str
) -> None:
    brokers = [Broker(redis_url, prefetch=1) for _ in range(MOST_DEATHS + 1)]
    sent = brokers[0].enqueue(step("submit_brief", "brief:b"))
    for dead, alive in itertools.pairwise(brokers):
        dead.tend()
        ((redis_id, _),) = dead.fetch(keys.STEPS, 1)
        assert client.zcard(keys.DEAD_LETTERS(keys.STEPS)) == 0
        client.zadd(keys.WORKERS(), {dead.broker_id: 1})
        alive.tend()
        assert client.zscore(keys.WORKERS(), dead.broker_id) is None
        assert client.pttl(keys.DEATHS()) != -1, "it is not remembered for ever"
        alive._tended = -math.inf  # it tends again as the next one to die
    dead_letter = read(client, keys.STEPS, redis_id)
    assert dead_letter is not None
    assert json.loads(dead_letter.text)["message_id"] == sent.message_id
    assert [death["worker"] for death in dead_letter.deaths] == [each.broker_id for each in brokers[:-1]]
    assert not client.exists(keys.DEATHS())
    for broker in brokers:
        broker.client.close()


def test_a_stopped_worker_finishes_what_it_has_begun(
    flow: Flow, client: "redis.Redis", redis_url: str, worker_process: ProcessFactory
) -> None:
    flow.api.lose_events()  # or the next step would follow
    flow.api.fault("delay", path=CREATE, seconds=1)
    worker = worker_process()
    enqueue(redis_url, brief_id="b")

    def state() -> str | None:
        record = flow.ledger.read("brief:b")
        return record.state if record else None

    assert eventually(client, lambda: state() == "submitting")
    assert worker.stop() == 0
    assert state() == "generating"
    assert flow.calls("b") == ["create intended", "create accepted"]
    assert in_hand(client) == []
    assert not client.exists(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS), keys.DEAD_LETTERS(keys.STEPS))
