"""A message in a worker's hands ends with its step's move, and the next is taken in that call."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from queue_contents import in_hand
from stepping import Flow, inlet_message
from support import brief

from config import durations, keys
from config.accounts.reading import live_accounts
from config.times import monotonic
from worker.ledger import commands
from worker.ledger.handed import Handed, ending
from worker.ledger.records import Record
from worker.ledger.transition import Answer, Transition
from worker.lifecycle.acceptance import Message, accept

Hand = Callable[..., tuple[Handed, Record]]


@pytest.fixture
def hand(flow: Flow) -> Hand:
    """What takes the next step and claims it; with `takes`, the thread could run another one."""

    def take(*, takes: bool = False) -> tuple[Handed, Record]:
        (taken,) = flow.broker.fetch(keys.STEPS, 1)
        handed = Handed(flow.broker.broker_id, keys.STEPS, taken, unique=True, may_take=lambda: takes)
        record = flow.ledger.claim_step(taken.subject, handed)
        assert record is not None
        return handed, record

    return take


def fail() -> Transition:
    return Transition("failed", fields={"error": "as the test says"})


def test_a_fetched_step_brings_its_record_and_events_wake_it_again(flow: Flow, hand: Hand) -> None:
    flow.accept(brief_id="b")
    _, record = hand()
    assert record.fields == flow.brief("b").fields
    assert record.get("hinted") is None


def test_a_move_ends_the_message_that_led_to_it(flow: Flow, hand: Hand) -> None:
    flow.accept(brief_id="b")
    handed, record = hand()
    assert flow.ledger.apply(record, fail()) is Answer.APPLIED
    assert handed.is_over
    assert not flow.client.exists(keys.MESSAGES(keys.STEPS), keys.QUEUE(keys.STEPS))
    assert in_hand(flow.client) == []


def test_a_calls_claim_leaves_the_message_to_the_moves_after_it(flow: Flow, hand: Hand) -> None:
    flow.accept(brief_id="b")
    handed, record = hand()
    claim = Transition("submitting", journal={"call": "create", "what": "intended"}, claim_by=monotonic() + 9)
    assert flow.ledger.apply(record, claim) is Answer.APPLIED
    assert not handed.is_over
    assert in_hand(flow.client) == [handed.message.id]
    assert flow.ledger.apply(record, fail()) is Answer.APPLIED
    assert in_hand(flow.client) == []


def test_a_move_that_is_not_made_leaves_its_message(flow: Flow, hand: Hand) -> None:
    flow.accept(brief_id="b")
    handed, record = hand()
    flow.client.hset(keys.RECORD("brief:b"), "grants", 7)
    assert flow.ledger.apply(record, fail()) is Answer.CONFLICT
    assert (handed.is_over, in_hand(flow.client)) == (False, [handed.message.id])


def test_a_worker_taken_for_dead_moves_and_ends_no_others_message(flow: Flow, hand: Hand) -> None:
    flow.accept(brief_id="b")
    handed, record = hand(takes=True)
    flow.broker.requeue(keys.STEPS, handed.message.id)
    assert flow.ledger.apply(record, fail()) is Answer.APPLIED
    assert (handed.is_over, handed.following) == (False, None)
    assert flow.client.lrange(keys.QUEUE(keys.STEPS), 0, -1) == [handed.message.id]


def test_a_move_that_is_asked_for_again_ends_nothing_twice(flow: Flow, hand: Hand) -> None:
    flow.accept(brief_id="b")
    handed, _ = hand(takes=True)
    move = ending(commands.advance("brief:b", fail()), handed)
    flow.accept(brief_id="c")
    first, second = flow.functions.run(move), flow.functions.run(move)
    assert (first.answer, first.is_over) == (Answer.APPLIED, True)
    assert (second.answer, second.is_over, second.following) == (Answer.DUPLICATE, False, None)
    assert first.following is not None
    assert in_hand(flow.client) == [first.following.id]


@pytest.mark.parametrize("jobs", ["5", "1"])  # with one the next is granted, and sent, by that very move
def test_with_its_move_a_worker_takes_the_next_step(flow: Flow, hand: Hand, jobs: str) -> None:
    flow.accept(brief_id="b")
    flow.ledger.set_limits("default", {"jobs": jobs}, "tester")
    flow.accept(brief_id="c")
    handed, record = hand(takes=True)
    flow.ledger.apply(record, fail())
    assert handed.following is not None
    assert (handed.following.subject, handed.following.fields["state"]) == ("brief:c", "waiting")
    assert "hinted" not in flow.brief("c").fields
    assert in_hand(flow.client) == [handed.following.id]
    assert flow.client.zscore(keys.WORKERS(), flow.broker.broker_id)


def test_a_step_of_what_is_no_record_leaves_the_move_whole(flow: Flow, hand: Hand) -> None:
    for brief_id in "bc":
        flow.accept(brief_id=brief_id)
    handed, record = hand(takes=True)
    flow.client.set(keys.RECORD("brief:c"), "no record")
    assert flow.ledger.apply(record, fail()) is Answer.APPLIED
    assert flow.brief("b").state == "failed"
    assert handed.following is not None
    assert handed.following.subject == ""
    flow.broker.requeue(keys.STEPS, handed.following.id)
    (taken,) = flow.broker.fetch(keys.STEPS, 1)
    assert (taken.subject, taken.fields) == ("", {})
    flow.client.delete(keys.RECORD("brief:c"))


def test_whatever_stands_in_the_queues_keys_a_move_sends_its_steps(flow: Flow, hand: Hand) -> None:
    for brief_id in "bcdefg":
        flow.accept(brief_id=brief_id)
    _, record = hand(takes=True)
    assert flow.brief("g").get("granted_at") is None
    flow.client.set(keys.DEAD_LETTER_TEXTS(keys.STEPS), "no hash")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        flow.ledger.apply(record, fail())
    assert flow.brief("b").state == "failed"
    assert flow.client.lrange(keys.QUEUE(keys.STEPS), -1, -1) == [flow.brief("g").fields["message"]]
    flow.client.delete(keys.DEAD_LETTER_TEXTS(keys.STEPS), keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))


def wait_on_the_inlet(client: "redis.Redis") -> None:
    client.rpush(keys.QUEUE(keys.INLET), "a brief")


def suspect(client: "redis.Redis") -> None:
    client.hset(keys.DEATHS(), "collect_drafts brief:x", "[]")


def come_late(client: "redis.Redis") -> None:
    client.zadd(keys.LATE(keys.STEPS), {"step-0": 1})


@pytest.mark.parametrize("odd", [wait_on_the_inlet, suspect, come_late])
def test_what_needs_a_second_look_is_left_to_the_next_fetch(
    flow: Flow, hand: Hand, odd: Callable[[Any], None]
) -> None:
    for brief_id in "bc":
        flow.accept(brief_id=brief_id)
    handed, record = hand(takes=True)
    odd(flow.client)
    flow.ledger.apply(record, fail())
    assert (handed.is_over, handed.following) == (True, None)
    assert flow.client.llen(keys.QUEUE(keys.STEPS)) == 1
    flow.client.delete(keys.QUEUE(keys.INLET), keys.DEATHS(), keys.LATE(keys.STEPS))


def test_one_call_records_a_brief_ends_its_message_and_takes_its_step(flow: Flow) -> None:
    flow.broker.enqueue(inlet_message(brief(brief_id="b")))
    (taken,) = flow.broker.fetch(keys.INLET, 1)
    handed = Handed(flow.broker.broker_id, keys.INLET, taken, unique=False, may_take=lambda: True)
    accounts = live_accounts(flow.settings).accounts
    accept(flow.ledger, accounts, flow.settings, Message(brief(brief_id="b"), "m", taken.id, handed))
    assert handed.is_over
    assert handed.following is not None
    assert (handed.following.subject, handed.following.fields["state"]) == ("brief:b", "waiting")
    assert (in_hand(flow.client, keys.INLET), in_hand(flow.client)) == ([], [handed.following.id])
    assert not flow.client.exists(keys.MESSAGES(keys.INLET), keys.QUEUE(keys.STEPS))


def test_a_conflicting_briefs_message_is_left_to_become_a_dead_letter(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.broker.enqueue(inlet_message(brief(brief_id="b", name="Another")))
    (taken,) = flow.broker.fetch(keys.INLET, 1)
    handed = Handed(flow.broker.broker_id, keys.INLET, taken, unique=False, may_take=lambda: True)
    accounts, raw = live_accounts(flow.settings).accounts, brief(brief_id="b", name="Another")
    accept(flow.ledger, accounts, flow.settings, Message(raw, "m", taken.id, handed))
    assert not handed.is_over
    assert in_hand(flow.client, keys.INLET) == [taken.id]
    flow.broker.dead_letter(keys.INLET, taken.id, "another brief has its id")


def test_what_was_taken_with_a_move_is_handed_to_the_workers_threads(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    thread = SimpleNamespace(consumer=flow.steps._consumers[keys.STEPS], handle_message=given.append)
    flow.accept(brief_id="b")
    monkeypatch.setattr(flow.broker, "worker", SimpleNamespace(consumers={keys.STEPS: thread}))
    flow.accept(brief_id="c")
    (message,) = given
    assert (message.actor_name, list(message.args)) == ("submit_brief", ["brief:b"])
    assert flow.broker.in_hand[keys.STEPS] == {message.options["redis_message_id"]}
    thread.consumer.requeue(given)


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for lost messages each time, and wait for none."""
    monkeypatch.setattr(durations, "RECLAIM_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(durations, "PEEK_SECONDS", 0.01)


@pytest.mark.usefixtures("looking")
def test_what_is_being_taken_is_not_reclaimed(flow: Flow, hand: Hand) -> None:
    flow.accept(brief_id="b")
    handed, _ = hand()
    ended = flow.broker.in_hand[keys.INLET]
    ended.add("over in Redis, and not here yet")
    consumer = flow.steps._consumers[keys.STEPS]
    assert next(consumer) is None
    assert in_hand(flow.client) == [handed.message.id]
    ended.clear()
    message = next(consumer)
    assert message is not None
    assert message.options["redis_message_id"] == handed.message.id
    consumer.requeue([message])


@pytest.mark.usefixtures("looking")
def test_what_is_missing_at_two_looks_is_reclaimed_whatever_is_taken(flow: Flow, hand: Hand) -> None:
    flow.accept(brief_id="b")
    handed, _ = hand()
    flow.broker.in_hand[keys.INLET].add("over in Redis, and not here yet")
    consumer = flow.steps._consumers[keys.STEPS]
    held = [next(consumer) or in_hand(flow.client) for _ in range(2)]
    flow.broker.in_hand[keys.INLET].clear()
    assert held == [[handed.message.id], []]
    assert flow.client.lrange(keys.QUEUE(keys.STEPS), 0, -1) == [handed.message.id]


@pytest.mark.usefixtures("heard")
def test_a_promotion_planned_by_an_earlier_version_is_named_by_its_brief(flow: Flow) -> None:
    flow.accept(brief_id="b", name="Ada", on_name_taken="fail")
    flow.until("b", "promoting")
    flow.client.hdel(keys.RECORD("promotion:b#0"), "name", "on_name_taken")
    flow.finish("b")
    entries = flow.api.sandbox.journal(flow.api.token, limit=1000)
    (sent,) = [entry["request"] for entry in entries if entry["path"] == "/identity/promote-generated"]
    assert json.loads(sent)["name"] == "Ada"
