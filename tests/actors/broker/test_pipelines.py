"""What Dramatiq delays, or sends after another message: it runs when it is due, or is a dead letter."""

import json
import math
import time
from typing import Any

import pytest
import redis
from dramatiq import Message, group, pipeline
from dramatiq.brokers.redis import RedisBroker
from queue_contents import dead, tended
from stepping import Flow, inlet_message
from support import brief

from actors.broker.broker import Broker
from config import keys

INLET = keys.QUEUE(keys.INLET)
DELAYED = keys.QUEUE(f"{keys.INLET}.DQ")


def test_a_brief_that_stock_dramatiq_delays_runs_when_it_is_due(
    flow: Flow, ours: Broker, stock: RedisBroker
) -> None:
    stock.enqueue(inlet_message(brief(brief_id="later")), delay=3_600_000)
    stock.enqueue(inlet_message(brief(brief_id="soon")), delay=20)
    assert flow.client.llen(DELAYED) == 2
    tended(ours, lambda: flow.client.exists(INLET))
    flow.steps.run(keys.INLET)
    assert flow.brief("soon").state == "waiting"
    assert not flow.client.exists(INLET, DELAYED)
    ((_, due),) = flow.client.zrange(keys.DELAYED(), 0, -1, withscores=True)
    assert abs(due / 1000 - time.time() - 3_600) < 60
    assert flow.client.hlen(keys.MESSAGES(f"{keys.INLET}.DQ")) == 1


@pytest.mark.parametrize("eta", ["soon", None, math.nan, -1, [], {}])
def test_a_delay_that_says_no_time_is_none(flow: Flow, ours: Broker, eta: Any) -> None:
    message = inlet_message(brief(brief_id="b")).asdict() | {"options": {"eta": eta}}
    flow.client.hset(f"{DELAYED}.msgs", "m", json.dumps(message))
    flow.client.rpush(DELAYED, "m")
    tended(ours, lambda: flow.client.exists(INLET))
    flow.steps.run(keys.INLET)
    assert flow.brief("b").state == "waiting"


def test_what_was_put_off_runs_with_nothing_else_to_tidy(flow: Flow, ours: Broker) -> None:
    flow.client.hset(f"{DELAYED}.msgs", "m", inlet_message(brief(brief_id="b")).encode())
    flow.client.zadd(keys.DELAYED(), {"m": 1})
    ours.tend()
    flow.steps.run(keys.INLET)
    assert flow.brief("b").state == "waiting"


def test_a_delay_of_years_is_a_dead_letter(client: "redis.Redis", ours: Broker, stock: RedisBroker) -> None:
    stock.enqueue(inlet_message(brief()), delay=2 * 366 * 86_400_000)
    ours.tend()
    (dead_letter,) = dead(client)
    assert dead_letter.error == "it is delayed by more than 366 days"
    assert not client.exists(keys.DELAYED(), DELAYED, f"{DELAYED}.msgs")


def test_a_brief_pushed_to_the_delayed_ones_without_a_message_is_accepted(flow: Flow, ours: Broker) -> None:
    flow.client.rpush(DELAYED, json.dumps(brief(brief_id="b")))
    ours.tend()
    flow.steps.run(keys.INLET)
    assert flow.brief("b").state == "waiting"


@pytest.mark.parametrize("key", [DELAYED, f"{DELAYED}.msgs"])
def test_a_key_that_is_no_delay_queue_keeps_nobody_from_the_others(
    client: "redis.Redis", ours: Broker, key: str
) -> None:
    client.rpush(DELAYED, "m")
    client.delete(key)
    client.set(key, "text")
    ours.tend()
    client.delete(DELAYED, key)


def of_queue(client: "redis.Redis", queue: str) -> list[dict[str, Any]]:
    ids: Any = client.lrange(keys.QUEUE(queue), 0, -1)
    return [json.loads(str(client.hget(keys.MESSAGES(queue), each))) for each in ids]


def test_the_next_of_a_pipeline_goes_to_its_queue_with_the_id(flow: Flow, stock: RedisBroker) -> None:
    thanks: Message[None] = Message(
        queue_name="other", actor_name="thank", args=(1,), kwargs={"by": "mail"}, options={}
    )
    stock.declare_queue("other")
    pipeline([inlet_message(brief(brief_id="b")), thanks, thanks], broker=stock).run()
    assert of_queue(flow.client, "other") == []
    flow.steps.run(keys.INLET)
    assert flow.brief("b").state == "waiting"
    taken = next(stock.consume("other"))
    assert taken is not None
    assert (taken.actor_name, list(taken.args), taken.kwargs) == ("thank", [1, "b"], {"by": "mail"})
    assert taken.options["pipe_target"]["actor_name"] == "thank"
    flow.client.delete(*flow.client.keys("dramatiq:*"))


def test_a_pipeline_of_briefs_is_a_brief_after_the_other(flow: Flow, stock: RedisBroker) -> None:
    pipeline([inlet_message(brief(brief_id=each)) for each in "abc"], broker=stock).run()
    for _ in range(3):
        flow.steps.run(keys.INLET)
    assert flow.client.zrange(keys.UNFINISHED(), 0, -1) == ["a", "b", "c"]


@pytest.mark.parametrize("queue", ["steps", "briefs.msgs", "__heartbeats__", "x" * 200, ["a"]])
def test_the_next_of_a_pipeline_for_no_foreign_queue_is_dead(flow: Flow, queue: Any) -> None:
    target = {**inlet_message({}).asdict(), "actor_name": "release_orphan", "queue_name": queue}
    message = inlet_message(brief(brief_id="b")).copy(options={"pipe_target": target})
    flow.client.rpush(INLET, message.encode())
    flow.steps.run(keys.INLET)
    assert flow.brief("b").state == "waiting"
    (dead_letter,) = dead(flow.client)
    assert dead_letter.error == "the next of its pipeline is for no queue of another program"
    assert json.loads(dead_letter.text) == json.loads(json.dumps(target))


def test_the_next_of_a_pipeline_whose_queue_is_no_list_is_dead(flow: Flow) -> None:
    flow.client.set(keys.QUEUE("other"), "text", ex=60)
    target = {**inlet_message({}).asdict(), "queue_name": "other"}
    message = inlet_message(brief(brief_id="b")).copy(options={"pipe_target": target})
    flow.client.rpush(INLET, message.encode())
    flow.steps.run(keys.INLET)
    assert [dead_letter.error for dead_letter in dead(flow.client)] == ["the queue that it is for is none"]
    assert flow.client.getdel(keys.QUEUE("other")) == "text"


def test_what_runs_after_a_group_is_a_dead_letter_that_says_so(flow: Flow) -> None:
    after = inlet_message({"after": "all"}).asdict()
    told = {"group_completion_uuid": "g", "group_completion_callbacks": [after]}
    members = [inlet_message(brief(brief_id=each)).copy(options=told) for each in "ab"]
    group(members, broker=flow.broker).run()
    flow.steps.run(keys.INLET)
    flow.steps.run(keys.INLET)
    (dead_letter,) = dead(flow.client)
    assert "members of a group are not counted" in dead_letter.error
    assert flow.client.zcard(keys.UNFINISHED()) == 2
