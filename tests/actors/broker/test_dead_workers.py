"""What a dead worker had runs elsewhere; what no worker can run becomes a dead letter."""

import itertools
import json
import math
from typing import Any

import pytest
import redis
from dramatiq.brokers.redis import RedisBroker
from own_account import CREATE
from processes import ProcessFactory
from queue_contents import in_hand
from stepping import Flow, enqueue, inlet_message, step
from support import DEADLINE, brief, event_types, eventually

from actors.broker import dead_letters
from actors.broker.broker import Broker
from actors.broker.dead_letters import read
from actors.broker.library import MOST_DEATHS
from config import durations, keys
from worker.ledger import commands
from worker.store.functions import Functions

RESULTS = "/jobs/*/results"


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
    flow.api.hold(RESULTS)
    victim = worker_process(IDENTITY_WORKER_REQUEST_TIMEOUT="60")
    assert eventually(client, lambda: len(workers()) == 1)
    job = flow.brief("b").fields["job_id"]
    functions.run(commands.wake(account="default", event="1", job=job))
    # Were it killed before its call has come, the second one's would be delayed.
    assert eventually(client, lambda: flow.api.has_struck("delay"))
    worker_process()
    assert eventually(client, lambda: len(workers()) == 2)
    victim.kill()
    # Nothing else could wake the step: no event comes, and without a listener no timer runs.
    assert eventually(client, lambda: "identity.drafts.ready" in event_types(client), deadline=10)
    assert not client.exists(keys.DEAD_LETTERS(keys.STEPS))


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


@pytest.mark.parametrize("has_record", [True, False])
def test_a_message_that_three_workers_died_with_is_a_dead_letter(
    client: "redis.Redis", redis_url: str, has_record: bool
) -> None:
    if has_record:
        client.hset(keys.RECORD("brief:b"), "state", "waiting")
    brokers = [Broker(redis_url, prefetch=1) for _ in range(MOST_DEATHS + 1)]
    sent = brokers[0].enqueue(step("submit_brief", "brief:b"))
    for dead, alive in itertools.pairwise(brokers):
        dead.tend()
        ((redis_id, *_),) = dead.fetch(keys.STEPS, 1)
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
    if not has_record:
        assert not client.exists(keys.DEATHS()), "nothing is held, so nobody would forget them"
        return
    again = brokers[-1].enqueue(step("submit_brief", "brief:b"))
    taken = [json.loads(each.text)["actor_name"] for each in brokers[-1].fetch(keys.STEPS, 8)]
    assert set(taken) == {"hold_step"}, "of the same step no other message is run until its brief is held"
    second = read(client, keys.STEPS, again.options["redis_message_id"])
    assert second is not None
    assert second.deaths == dead_letter.deaths
    assert dead_letters.drop(client, dead_letter)
    assert not client.exists(keys.DEATHS())
    for broker in brokers:
        broker.client.close()


def test_a_stopped_worker_finishes_what_it_has_begun(
    flow: Flow, client: "redis.Redis", redis_url: str, worker_process: ProcessFactory
) -> None:
    flow.api.lose_events()  # or the next step would follow
    flow.api.hold(CREATE)
    worker = worker_process(IDENTITY_WORKER_REQUEST_TIMEOUT="60")
    enqueue(redis_url, brief_id="b")

    def state() -> str | None:
        record = flow.ledger.read("brief:b")
        return record.state if record else None

    assert eventually(client, lambda: state() == "submitting")
    worker.process.terminate()
    assert eventually(client, lambda: "queue.left" in worker.written())
    flow.api.let_go()
    assert worker.process.wait(DEADLINE) == 0
    assert state() == "generating"
    assert flow.calls("b") == ["create intended", "create accepted"]
    assert in_hand(client) == []
    assert not client.exists(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS), keys.DEAD_LETTERS(keys.STEPS))
