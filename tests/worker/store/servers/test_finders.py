"""Whom those ask who look for a server, and in which order, once what they were told has been wrong."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import MovedError

from config.servers.address import Place
from tests.servers.certificates import Authority, Certificates
from tests.servers.server import server
from worker.store.remedies import is_lasting, remedy
from worker.store.servers.cluster import SlotOwner
from worker.store.servers.finder import Finder
from worker.store.servers.located import AsyncPlain, NotPrimaryError, Plain, Tls
from worker.store.servers.sentinels import Sentinels
from worker.store.servers.trust import Trust

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
    """Names a place as that of the primary where it is not."""

    def __init__(self, place: Place) -> None:
        self.finder, self.found = Sentinels([ONE, TWO], "studio"), None
        self._place = place

    def find(self) -> Place:
        return self._place

    async def find_async(self) -> Place:
        return self._place


def test_a_server_that_says_it_is_a_replica_is_left_at_once(client: "redis.Redis") -> None:
    guide: Any = Misled(Place("127.0.0.1", client.connection_pool.connection_kwargs["port"]))
    client.replicaof("127.0.0.1", 1)
    try:
        told = "is a replica, though it was named as the primary studio"
        with pytest.raises(NotPrimaryError, match=told) as error:
            Plain(asking=guide, protocol=2).connect()
        assert "while a replica takes over, try again" in remedy(error.value)
    finally:
        client.replicaof("NO", "ONE")
    assert found(guide.finder, {ONE: ("p", 9), TWO: ("q", 9)})[1] == [TWO]
    Plain(asking=guide, protocol=2).connect()


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_a_server_announced_by_an_address_that_leads_nowhere_is_told_so(host: str) -> None:
    guide: Any = Misled(Place(host, 1))
    told = f"^{host}:1 was named as the primary studio, and can't be reached: "
    with pytest.raises(redis.ConnectionError, match=told) as error:
        Plain(asking=guide, protocol=2).connect()
    assert "announced by an address that leads to it from here" in remedy(error.value)
    assert "REDIS_URL" not in remedy(error.value), "its host is right"
    assert not is_lasting(error.value), "a server that is down comes back"
    with pytest.raises(redis.ConnectionError, match=told):
        asyncio.run(AsyncPlain(asking=guide, protocol=2, retry=AsyncRetry(NoBackoff(), 0)).connect())
    told_wrong_twice = found(guide.finder, {ONE: ("p", 9), TWO: ("q", 9)})[1]
    assert told_wrong_twice == [ONE]


def test_a_server_announced_by_a_name_its_certificate_lacks(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "certificates")
    shown = Certificates(authority, authority.sign("server", "localhost"), authority.sign("client"))
    with server(tmp_path / "server", tls=shown, host="localhost") as one:
        guide: Any = Misled(Place("127.0.0.1", one.port))
        trust = Trust({"ssl_ca_certs": str(authority.certificate)})
        with pytest.raises(redis.ConnectionError, match="IP address mismatch") as error:
            Tls(trust, asking=guide, protocol=2).connect()
    assert "have it announced by that one" in remedy(error.value)
    assert is_lasting(error.value)
