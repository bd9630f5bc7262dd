"""What else may stand in the inlet's list, or beside it: each entry ends as a brief or as a dead letter."""

import json
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from bounds import bound
from dramatiq import Message, group, pipeline
from dramatiq.brokers.redis import RedisBroker
from stepping import Flow, inlet_message, stock_broker
from support import DEADLINE, brief

from actors.broker import dead_letters, inspection, library
from actors.broker.broker import Broker
from actors.broker.dead_letters import DeadLetter
from config import durations, keys
from worker.operations.doctor import Check, Health
from worker.store.connection import connect_bytes

INLET = keys.QUEUE(keys.INLET)
MESSAGES = keys.MESSAGES(keys.INLET)
DELAYED = keys.QUEUE(f"{keys.INLET}.DQ")
MEGABYTES = 20_000_000


@pytest.fixture
def stock(redis_url: str) -> Iterator[RedisBroker]:
    """A broker as other programs have it."""
    with connect_bytes(redis_url) as client:
        yield stock_broker(client)


@pytest.fixture
def ours(redis_url: str) -> Iterator[Broker]:
    broker = Broker(redis_url)
    yield broker
    broker.client.close()


def tended(ours: Broker, condition: Callable[[], Any]) -> None:
    """Tend the queues until something is so, as a worker does once a second."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        ours._tended = -math.inf
        ours.tend()


def dead(client: "redis.Redis") -> list[DeadLetter]:
    return list(dead_letters.each(client, dead_letters.ids(client)))


def test_a_brief_pushed_as_it_is_is_accepted_and_twice_is_one(flow: Flow) -> None:
    text = json.dumps(brief())
    for _ in range(2):
        flow.client.rpush(INLET, text)
        assert flow.steps.run(keys.INLET)[0] == "accept_brief"
    (brief_id,) = flow.client.zrange(keys.UNFINISHED(), 0, -1)
    assert flow.brief(str(brief_id)).state == "waiting"
    assert not flow.client.exists(INLET, MESSAGES, keys.LATE(keys.INLET))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(brief(brief_id="b")),
        json.dumps({"options": {"model": "auto"}, **brief(brief_id="b")}),
        "\ufeff \n" + json.dumps(brief(brief_id="b"), indent=2),
        inlet_message(brief(brief_id="b")).encode().decode(),
        Message(
            queue_name="briefs",
            actor_name="accept_brief",
            args=(),
            kwargs={"brief": brief(brief_id="b")},
            options={},
        )
        .encode()
        .decode(),
    ],
)
@pytest.mark.parametrize("under_an_id", [True, False])
def test_a_brief_is_accepted_bare_enveloped_listed_or_under_an_id(
    flow: Flow, text: str, under_an_id: bool
) -> None:
    if under_an_id:
        flow.client.hset(MESSAGES, "m", text)
    flow.client.rpush(INLET, "m" if under_an_id else text)
    flow.steps.run(keys.INLET)
    assert flow.brief("b").state == "waiting"
    assert not flow.client.exists(INLET, MESSAGES)


def test_a_pushed_brief_whose_worker_dies_is_put_back(flow: Flow, ours: Broker) -> None:
    flow.client.rpush(INLET, json.dumps(brief()))
    ours.tend()
    ((redis_id, _),) = ours.fetch(keys.INLET, 1)
    flow.client.zadd(keys.WORKERS(), {ours.broker_id: 1})
    flow.steps.run(keys.INLET)
    assert flow.client.zrange(keys.UNFINISHED(), 0, -1) == [redis_id]


def test_an_id_may_be_pushed_before_its_message(flow: Flow, ours: Broker) -> None:
    message = inlet_message(brief(brief_id="b"))
    flow.client.rpush(INLET, "m")
    assert ours.fetch(keys.INLET, 1) == []
    assert not flow.client.exists(INLET)
    flow.client.hset(MESSAGES, "m", message.encode())
    tended(ours, lambda: flow.client.exists(INLET))
    flow.steps.run(keys.INLET)
    assert flow.brief("b").state == "waiting"
    assert not flow.client.exists(keys.LATE(keys.INLET))


@pytest.mark.parametrize("queue", [keys.INLET, keys.STEPS])
def test_an_id_whose_message_never_comes_is_dead_and_can_come_back(
    client: "redis.Redis", ours: Broker, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(ours, monkeypatch, MESSAGE_COMES_MS=50)
    client.rpush(keys.QUEUE(queue), "m\x1b")
    ours.fetch(queue, 1)
    tended(ours, lambda: dead(client))
    (dead_letter,) = dead(client)
    assert (dead_letter.id, dead_letter.text) == ("m\x1b", "")
    assert "no message of it came within 0.05 s" in dead_letter.error
    assert not client.exists(keys.LATE(queue))
    assert dead_letters.revive(client, dead_letter)
    assert client.lrange(keys.QUEUE(queue), 0, -1) == ["m\x1b"]


@pytest.mark.parametrize(
    "element",
    ["", "x" * 600, "[1]" * 300, '"' + "b" * 600, json.dumps([brief()]), "\ufeff" + json.dumps("{}")],
)
def test_what_is_neither_id_nor_brief_is_a_dead_letter_at_once(
    client: "redis.Redis", ours: Broker, element: str
) -> None:
    client.rpush(INLET, element)
    assert ours.fetch(keys.INLET, 1) == []
    (dead_letter,) = dead(client)
    assert dead_letter.text == element
    assert dead_letter.error.startswith("it is neither the id of a message nor a brief")


def sent_by_server(client: "redis.Redis") -> int:
    stats: Any = client.info("stats")
    return int(stats["total_net_output_bytes"])


@pytest.mark.parametrize("way", ["element", "brief", "message"])
def test_what_is_too_long_is_dead_and_never_leaves_the_server(flow: Flow, ours: Broker, way: str) -> None:
    client = flow.client
    text = json.dumps(brief(name="x" * MEGABYTES)) if way == "brief" else "x" * MEGABYTES
    if way == "message":
        client.hset(MESSAGES, "m", text)
    client.rpush(INLET, "m" if way == "message" else text)
    client.rpush(INLET, json.dumps(brief(brief_id="next")))
    before = sent_by_server(client)
    flow.steps.run(keys.INLET)
    assert sent_by_server(client) - before < library.MOST_BYTES
    assert flow.brief("next").state == "waiting"
    (dead_letter,) = dead(client)
    assert dead_letter.bytes >= MEGABYTES
    assert len(dead_letter.text) == library.MOST_BYTES
    assert client.hstrlen(keys.DEAD_LETTER_TEXTS(keys.INLET), dead_letter.id) == len(text)
    assert str(dead_letter.bytes) in dead_letter.error
    assert dead_letters.drop(client, dead_letter)
    assert not client.exists(keys.DEAD_LETTER_BYTES())


def test_a_step_queue_takes_no_brief(client: "redis.Redis", ours: Broker) -> None:
    text = json.dumps(brief())
    client.rpush(keys.QUEUE(keys.STEPS), text + " " * 512)
    assert ours.fetch(keys.STEPS, 1) == []
    assert [dead_letter.text.strip() for dead_letter in dead(client)] == [text]


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
def test_what_is_no_queue_of_delayed_ones_keeps_nobody_from_the_others(
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


def test_what_finds_no_room_is_put_aside_whole_and_comes_back(
    client: "redis.Redis", ours: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(ours, monkeypatch, MOST_DEAD_LETTERS=2)
    texts = [f"[{number}]" + " " * 600 for number in range(4)]
    client.rpush(INLET, *texts)
    for _ in texts:
        ours.fetch(keys.INLET, 1)
    assert len(dead(client)) == 2
    assert client.lrange(keys.DEAD_LETTERS_BEYOND(), 0, -1) == texts[2:]
    for dead_letter in dead(client):
        dead_letters.drop(client, dead_letter)
    ours.tend()
    assert client.lrange(INLET, 0, -1) == texts[2:]
    assert not client.exists(keys.DEAD_LETTERS_BEYOND())


def test_nor_do_large_ones_take_more_room_than_there_is(
    client: "redis.Redis", ours: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(ours, monkeypatch, MOST_DEAD_LETTER_BYTES=5_000)
    texts = [f"[{number}]" + " " * 2_000 for number in range(4)]
    client.rpush(INLET, *texts)
    for _ in texts:
        ours.fetch(keys.INLET, 1)
    assert len(dead(client)) == 2
    assert client.llen(keys.DEAD_LETTERS_BEYOND()) == 2


def examined(client: "redis.Redis") -> dict[str, Check]:
    return {check.name: check for check in inspection.queues(client)}


def test_doctor_compares_list_messages_and_hands_and_names_what_is_in_none(
    client: "redis.Redis", ours: Broker, redis_url: str, stock: RedisBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "MISSING_AGAIN_SECONDS", 0.0)
    ours.tend()
    ours.enqueue(inlet_message(brief()))
    ours.fetch(keys.INLET, 1)
    ours.enqueue(inlet_message(brief()))
    stock.enqueue(inlet_message(brief()), delay=3_600_000)
    assert {check.health for check in examined(client).values()} == {Health.OK}
    ours.tend()
    assert {check.health for check in examined(client).values()} == {Health.OK}
    client.hset(MESSAGES, "no-push", "{}")
    client.hset(MESSAGES, b"\xff\x1b", "{}")  # type: ignore[arg-type]  # bytes serve as well
    gone = Broker(redis_url)
    gone.fetch(keys.INLET, 1)
    client.zrem(keys.WORKERS(), gone.broker_id)
    found = examined(client)["queue briefs"]
    assert found.health is Health.FAIL
    assert found.said.startswith("3 messages in no list and in nobody's hands: ")
    assert "no-push" in found.said
    assert found.remedy is not None
    assert "RPUSH dramatiq:briefs ID" in found.remedy
    assert examined(client)["queue steps"].health is Health.OK
    gone.client.close()


def test_doctor_fails_on_entries_put_aside_and_warns_of_unread_steps(
    client: "redis.Redis",
) -> None:
    client.rpush(keys.DEAD_LETTERS_BEYOND(), "x")
    client.rpush(keys.QUEUE("steps.DQ"), "m")
    found = examined(client)
    assert (found["put aside"].health, found["delayed"].health) == (Health.FAIL, Health.WARN)
