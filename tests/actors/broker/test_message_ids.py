"""Messages of the inlet that have one id, which other programs may use twice: none is lost."""

import json
import math
from collections.abc import Iterator

import pytest
from bounds import bound
from stepping import Flow
from support import brief, event_types

from actors.broker import dead_letters
from actors.broker.broker import Broker
from config import keys

INLET = keys.QUEUE(keys.INLET)
MESSAGES = keys.MESSAGES(keys.INLET)


@pytest.fixture
def other(redis_url: str) -> Iterator[Broker]:
    """Another worker, of which the test decides when it goes on."""
    broker = Broker(redis_url)
    yield broker
    broker.client.close()


def text(brief_id: str, name: str = "One") -> str:
    return json.dumps(brief(brief_id=brief_id, name=name))


def put(flow: Flow, message: str, message_id: str = "m") -> None:
    flow.client.hset(MESSAGES, message_id, message)
    flow.client.rpush(INLET, message_id)


def dead(flow: Flow) -> dict[str, dead_letters.DeadLetter]:
    return {each.text: each for each in dead_letters.each(flow.client, dead_letters.ids(flow.client))}


def run_out_of_patience(flow: Flow, other: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ids that wait for their messages have waited long enough."""
    bound(other, monkeypatch, MESSAGE_COMES_MS=-1)
    assert other.fetch(keys.INLET, 1) == []
    other._tended = -math.inf
    other.tend()
    assert not flow.client.exists(keys.LATE(keys.INLET), INLET)


def test_a_message_with_a_dead_letters_id_is_another_dead_letter(flow: Flow) -> None:
    flow.accept(brief_id="b")
    for name in ("Second", "Third", "Third", "Fourth"):
        put(flow, text("b", name))
        flow.steps.run(keys.INLET)
    assert set(dead(flow)) == {text("b", name) for name in ("Second", "Third", "Fourth")}
    assert event_types(flow.client).count("identity.brief.conflict") == 4
    assert not flow.client.exists(MESSAGES)


def test_a_message_that_is_taken_leaves_its_namesakes_reason(flow: Flow) -> None:
    flow.accept(brief_id="b")
    put(flow, text("b", "Another"))
    flow.steps.run(keys.INLET)
    put(flow, text("c"))
    flow.steps.run(keys.INLET)
    assert flow.brief("c").state == "waiting"
    assert "it differs in name" in dead(flow)[text("b", "Another")].error


def test_a_dead_letter_that_is_pushed_again_is_brought_back(flow: Flow, other: Broker) -> None:
    element = "{broken"
    flow.client.rpush(INLET, element)
    ((redis_id, data, *_),) = other.fetch(keys.INLET, 1)
    other.dead_letter(keys.INLET, redis_id, "first", data)
    flow.client.rpush(INLET, element)
    ((again, *_),) = other.fetch(keys.INLET, 1)
    assert again == redis_id
    assert dead(flow) == {}
    assert not flow.client.exists(keys.DEAD_LETTER_REASONS(), keys.DEAD_LETTER_BYTES())


def test_an_id_without_a_message_leaves_the_dead_letter_that_has_it(
    flow: Flow, other: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow.accept(brief_id="b")
    put(flow, text("b", "Another"))
    flow.steps.run(keys.INLET)
    flow.client.rpush(INLET, "m")
    run_out_of_patience(flow, other, monkeypatch)
    assert len(dead(flow)) == 1
    assert "it differs in name" in dead(flow)[text("b", "Another")].error


@pytest.mark.parametrize("runs", [True, False])
def test_a_message_whose_id_gets_another_one_while_it_runs_ends_alone(
    flow: Flow, other: Broker, runs: bool
) -> None:
    put(flow, text("a"))
    ((_, data, *_),) = other.fetch(keys.INLET, 1)
    put(flow, text("b"))
    assert other.fetch(keys.INLET, 1) == [], "the second waits, also for this worker's other threads"
    if runs:
        other.acknowledge(keys.INLET, "m", [], data)
    else:
        other.dead_letter(keys.INLET, "m", "it could not be run", data)
    flow.steps.run(keys.INLET)
    assert flow.brief("b").state == "waiting"
    assert set(dead(flow)) == (set() if runs else {text("a")})
    assert not flow.client.exists(MESSAGES, INLET)


def test_of_two_messages_of_one_id_each_worker_ends_its_own(flow: Flow, other: Broker) -> None:
    put(flow, text("a"))
    ((_, data, *_),) = other.fetch(keys.INLET, 1)
    flow.accept(brief_id="b")
    put(flow, text("b", "Another"))
    flow.steps.run(keys.INLET)
    other.dead_letter(keys.INLET, "m", "it could not be run", data)
    assert set(dead(flow)) == {text("a"), text("b", "Another")}


def test_equal_briefs_pushed_at_once_are_one_and_no_dead_letter(flow: Flow, other: Broker) -> None:
    element = json.dumps(brief())
    flow.client.rpush(INLET, element, element)
    ((redis_id, data, *_),) = other.fetch(keys.INLET, 1)
    other.acknowledge(keys.INLET, redis_id, [], data)
    flow.steps.run(keys.INLET)
    assert flow.client.zrange(keys.UNFINISHED(), 0, -1) == [redis_id]
    assert not flow.client.exists(INLET, MESSAGES, keys.LATE(keys.INLET))


def test_what_a_worker_has_no_more_it_makes_no_dead_letter(flow: Flow, other: Broker) -> None:
    put(flow, text("a"))
    other.tend()
    ((_, data, *_),) = other.fetch(keys.INLET, 1)
    flow.client.zadd(keys.WORKERS(), {other.broker_id: 1})
    flow.broker._tended = -math.inf
    flow.broker.tend()
    other.dead_letter(keys.INLET, "m", "it could not be run", data)
    assert dead(flow) == {}
    flow.steps.run(keys.INLET)
    assert flow.brief("a").state == "waiting"


def test_a_revived_dead_letter_leaves_the_message_that_has_its_id_now(flow: Flow) -> None:
    flow.accept(brief_id="b")
    put(flow, text("b", "Another"))
    flow.steps.run(keys.INLET)
    put(flow, text("c"))
    (dead_letter,) = dead(flow).values()
    assert dead_letters.revive(flow.client, dead_letter)
    assert set(flow.client.hvals(MESSAGES)) == {text("b", "Another"), text("c")}
    assert flow.client.llen(INLET) == 2


def test_a_delayed_message_leaves_the_one_that_has_its_id_by_now(flow: Flow, other: Broker) -> None:
    flow.client.hset(f"{INLET}.DQ.msgs", "m", text("a"))
    flow.client.rpush(f"{INLET}.DQ", "m")
    put(flow, text("b"))
    other.tend()
    for _ in range(2):
        flow.steps.run(keys.INLET)
    assert {flow.brief(each).state for each in "ab"} == {"waiting"}
