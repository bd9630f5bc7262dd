"""Entries for which there is no room are put aside whole and come back; doctor tells of them."""

import pytest
import redis
from bounds import bound
from dramatiq.brokers.redis import RedisBroker
from queue_contents import dead
from stepping import inlet_message
from support import brief

from actors.broker import dead_letters, inspection
from actors.broker.broker import Broker
from config import durations, keys
from worker.operations.doctor import Check, Health
from worker.store.namespaces import namespace_of

INLET = keys.QUEUE(keys.INLET)
MESSAGES = keys.MESSAGES(keys.INLET)


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


def test_large_entries_take_no_more_room_than_there_is(
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
    assert f"RPUSH {namespace_of(client)}dramatiq:briefs ID" in found.remedy
    assert examined(client)["queue steps"].health is Health.OK
    gone.client.close()


def test_doctor_fails_on_entries_put_aside_and_warns_of_unread_steps(
    client: "redis.Redis",
) -> None:
    client.rpush(keys.DEAD_LETTERS_BEYOND(), "x")
    client.rpush(keys.QUEUE("steps.DQ"), "m")
    found = examined(client)
    assert (found["put aside"].health, found["delayed"].health) == (Health.FAIL, Health.WARN)


def test_no_ids_are_listed_where_a_dead_letter_of_this_id_is(client: "redis.Redis") -> None:
    for name in ("m1", "m2\x1b"):
        client.hset(keys.DEAD_LETTER_TEXTS(keys.INLET), name, "{")
        client.zadd(keys.DEAD_LETTERS(keys.INLET), {name: 1})

    def listed() -> int:
        return int(client.info("commandstats").get("cmdstat_zrange", {}).get("calls", 0))

    before = listed()
    found = dead_letters.shown_as([client, client], "m1")
    assert found is not None
    assert (found[1].id, listed()) == ("m1", before)
    alike = dead_letters.shown_as([client], "m2\\x1b")
    assert alike is not None
    assert (alike[1].id, listed() > before) == ("m2\x1b", True)
    assert dead_letters.shown_as([client], "m3") is None
