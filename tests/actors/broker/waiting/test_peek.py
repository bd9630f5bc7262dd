"""The wait for a message: it goes on while its consumer looks elsewhere, and tells of whatever comes."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from support import DEADLINE

from actors.broker.peek import Peek
from config import durations, keys
from worker.store.connection import connect_bytes

QUEUE = keys.QUEUE(keys.STEPS)
NAME = "peeking"


@pytest.fixture
def peek(redis_url: str) -> Iterator[Peek]:
    with connect_bytes(f"{redis_url}?client_name={NAME}") as own:
        peek = Peek(own, QUEUE)
        yield peek
        peek.end()


def waiting(client: "redis.Redis") -> list[tuple[str, str]]:
    """Return the id of each connection on which a peek waits, and how many commands it has sent.

    A server before Redis 8 does not tell the latter.
    """
    clients: Any = client.client_list()
    peeks = [each for each in clients if each["name"] == NAME and "b" in each["flags"]]
    return [(each["id"], each.get("tot-cmds", "")) for each in peeks]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline


def test_a_peek_within_a_namespace_waits_at_the_list_of_that(redis_url: str) -> None:
    with connect_bytes(redis_url, "studio:") as own:
        own.rpush(QUEUE, "id")
        peek = Peek(own, QUEUE)
        assert peek.wait(DEADLINE)
        peek.end()
        own.delete(QUEUE)


def test_looks_one_after_the_other_are_one_wait_of_the_server(
    peek: Peek, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "REDIS_BLOCK_SECONDS", 2 * DEADLINE)
    assert not peek.wait(0.0)
    until(lambda: bool(waiting(client)))
    begun = waiting(client)
    assert [peek.wait(0.001) for _ in range(10)] == [False] * 10
    assert waiting(client) == begun


def test_what_came_between_two_looks_is_seen_and_stays(peek: Peek, client: "redis.Redis") -> None:
    assert not peek.wait(0.01)
    client.rpush(QUEUE, "m", "n")
    assert peek.wait(DEADLINE)
    assert client.lrange(QUEUE, 0, -1) == ["m", "n"]


def test_a_wait_that_has_run_out_is_begun_again_at_once(
    peek: Peek, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "REDIS_BLOCK_SECONDS", 0.01)
    assert not peek.wait(0.0)
    until(lambda: not waiting(client))
    client.rpush(QUEUE, "m")
    assert peek.wait(DEADLINE)


def test_whoever_ends_leaves_no_wait_behind(
    peek: Peek, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "REDIS_BLOCK_SECONDS", 2 * DEADLINE)
    assert not peek.wait(0.0)
    until(lambda: bool(waiting(client)))
    peek.end()
    until(lambda: not waiting(client))


def test_a_wait_that_the_server_does_not_answer_is_an_outage(
    peek: Peek, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not peek.wait(0.0)
    monkeypatch.setattr(durations, "REDIS_ANSWER_SECONDS", 0.0)
    with pytest.raises(redis.TimeoutError):
        peek.wait(0.001)
