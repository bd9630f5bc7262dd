"""Whom those ask who look for a server, and in which order, once what they were told has been wrong."""

from collections.abc import Mapping
from typing import Any

import pytest
import redis
from redis.exceptions import MovedError

from config.servers.address import Place
from worker.store.servers.cluster import SlotOwner
from worker.store.servers.finder import Finder
from worker.store.servers.located import NotPrimaryError, Plain
from worker.store.servers.sentinels import Sentinels

ONE, TWO, THREE = (Place("h", port) for port in (1, 2, 3))


def found(finder: Finder, answers: Mapping[Place, Any]) -> tuple[Place, list[Place]]:
    """Return the place that is found by these answers, and who was asked; who has none does not answer."""
    asked: list[Place] = []
    steps = finder.steps()
    try:
        question = next(steps)
        while True:
            asked.append(question.at)
            if question.at in answers:
                question = steps.send(answers[question.at])
            else:
                question = steps.throw(redis.ConnectionError("refused"))
    except StopIteration as end:
        return end.value, asked


def test_whoever_has_answered_is_asked_first_until_it_was_wrong() -> None:
    finder = Sentinels([ONE, TWO, THREE], "studio")
    answers = {TWO: ("p", 9), THREE: ("q", 9)}
    assert found(finder, answers) == (Place("p", 9), [ONE, TWO])
    assert found(finder, answers) == (Place("p", 9), [TWO])
    finder.was_wrong()
    assert found(finder, answers) == (Place("q", 9), [ONE, THREE])


def test_the_node_that_a_refusal_names_is_asked_first() -> None:
    finder = SlotOwner([ONE], "{studio}:")
    answers = {ONE: [[0, 16_383, ["h", 2, "id"]]], THREE: [[0, 16_383, ["h", 3, "id"], ["h", 2, "id"]]]}
    assert found(finder, answers) == (TWO, [ONE])
    finder.was_wrong(MovedError(f"{finder.slot} h:3"))
    assert found(finder, answers) == (THREE, [THREE])
    # The owner's replica is the next owner, and the first to know.
    assert found(finder, answers) == (THREE, [TWO, THREE])
    finder.was_wrong()
    assert found(finder, answers) == (THREE, [THREE])


class Misled:
    """Names a server as the primary that is none."""

    def __init__(self, client: "redis.Redis") -> None:
        self.finder, self.found = Sentinels([ONE, TWO], "studio"), None
        self._port = client.connection_pool.connection_kwargs["port"]

    def find(self) -> Place:
        return Place("127.0.0.1", self._port)


def test_a_server_that_says_it_is_a_replica_is_left_at_once(client: "redis.Redis") -> None:
    guide: Any = Misled(client)
    client.replicaof("127.0.0.1", 1)
    try:
        with pytest.raises(NotPrimaryError, match="is a replica, though it was named as the primary studio"):
            Plain(asking=guide, protocol=2).connect()
    finally:
        client.replicaof("NO", "ONE")
    assert found(guide.finder, {ONE: ("p", 9), TWO: ("q", 9)})[1] == [TWO]
    Plain(asking=guide, protocol=2).connect()
