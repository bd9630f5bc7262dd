"""What else may stand in the inlet's list, or beside it: each entry ends as a brief or as a dead letter."""

import json
from typing import Any

import pytest
import redis
from bounds import bound
from dramatiq import Message
from queue_contents import dead, tended
from stepping import Flow, inlet_message
from support import brief

from actors.broker import dead_letters, library
from actors.broker.broker import Broker
from config import keys

INLET = keys.QUEUE(keys.INLET)
MESSAGES = keys.MESSAGES(keys.INLET)
MEGABYTES = 20_000_000


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
    ((redis_id, *_),) = ours.fetch(keys.INLET, 1)
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
