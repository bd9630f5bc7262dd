"""A process with many threads: what it takes, what its threads wait for, and what it takes for lost."""

import threading
from queue import Empty
from typing import Any

import pytest
from queue_contents import taken
from stepping import step
from structlog.testing import capture_logs
from support import DEADLINE

from actors.broker.broker import Broker
from actors.broker.consumer import MOST_AT_ONCE
from actors.broker.work_queue import WorkQueue
from config import keys


def test_a_message_acknowledged_meanwhile_is_not_taken_for_lost(
    ours: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer: Any = ours.consume(keys.STEPS)
    ours.enqueue(step("a"))
    message = taken(consumer)
    asked = ours.held

    def held_and_then_acknowledged(queue: str) -> set[str]:
        answer = asked(queue)
        consumer.ack(message)
        return answer

    monkeypatch.setattr(ours, "held", held_and_then_acknowledged)
    consumer._reclaimed = -1e9
    with capture_logs() as said:
        consumer._reclaim()
    assert said == []


def test_a_message_that_arrives_meanwhile_is_not_taken_for_lost(
    ours: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer: Any = ours.consume(keys.STEPS)
    ours.enqueue(step("a"))
    message = taken(consumer)
    redis_id = message.options["redis_message_id"]
    ours.in_hand[keys.STEPS].clear()

    def arrives() -> bool:
        ours.in_hand[keys.STEPS].add(redis_id)
        return False

    monkeypatch.setattr(ours, "is_taking", arrives)
    consumer._reclaimed = -1e9
    consumer._reclaim()
    assert ours.held(keys.STEPS) == {redis_id}


def test_a_process_with_many_threads_leaves_messages_to_others(ours: Broker) -> None:
    ours.prefetch = 10 * MOST_AT_ONCE
    for number in range(2 * MOST_AT_ONCE):
        ours.enqueue(step("a", str(number)))
    first: Any = ours.consume(keys.STEPS, prefetch=ours.prefetch)
    taken(first)
    assert ours.client.scard(keys.IN_HAND(ours.broker_id, keys.STEPS)) == MOST_AT_ONCE


def test_the_first_of_the_lowest_priority_comes_first() -> None:
    queue = WorkQueue()
    for each in ((2, "c"), (1, "a"), (1, "b")):
        queue.put(each)
    assert [queue.get()[1] for _ in range(3)] == ["a", "b", "c"]


def test_a_thread_that_does_not_wait_is_told_there_is_no_message() -> None:
    with pytest.raises(Empty):
        WorkQueue().get_nowait()


def test_a_thread_that_waits_hears_of_messages_and_the_end() -> None:
    queue, heard = WorkQueue(), []

    def ask() -> None:
        heard.append(queue.get(timeout=0.001))
        try:
            queue.get(timeout=0.001)
        except Empty:
            heard.append("the end")

    thread = threading.Thread(target=ask)
    thread.start()
    queue.put("a message")
    queue.end()
    thread.join(DEADLINE)
    assert heard == ["a message", "the end"]


def test_what_a_thread_puts_there_is_the_next_that_it_takes() -> None:
    queue = WorkQueue()
    queue.put("first")
    assert queue.get() == "first"
    fetched = threading.Thread(target=queue.put, args=("fetched",))
    fetched.start()
    fetched.join(DEADLINE)
    for each in ("own", "one more"):
        queue.put(each)
    assert [queue.get() for _ in range(3)] == ["own", "fetched", "one more"]
    assert queue.unfinished_tasks == 4


def test_what_a_thread_put_for_itself_is_left_at_the_end() -> None:
    queue = WorkQueue()
    queue.put("first")

    def run() -> None:
        queue.get()
        queue.put("own")
        queue.end()
        queue.put("after the end")

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(DEADLINE)
    assert [queue.get_nowait(), queue.get_nowait()] == ["after the end", "own"]


def test_what_is_left_at_the_end_can_still_be_taken() -> None:
    queue = WorkQueue()
    queue.put("left")
    queue.end()
    assert queue.get_nowait() == "left"
