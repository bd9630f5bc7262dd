"""All shards are read as one: what they answer together is what one would that had all."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from config import keys
from config.shards import shard_of
from worker.shards.cursors import Cursor
from worker.shards.merged import OneShardError, at_each, clients_of, holder_of, home_of, merged
from worker.store.connection import connect
from worker.views import happenings, outbox

Read = Callable[["redis.Redis"], Any]
SHARDS = 3
#: What is read of the briefs, wherever they are.
READS: dict[str, Read] = {
    "all of a set": lambda client: client.zrange("open", 0, -1),
    "the first of it": lambda client: client.zrange("open", 0, 4),
    "the last of it": lambda client: client.zrange("open", 0, 4, desc=True),
    "it with scores": lambda client: client.zrange("open", 0, -1, withscores=True),
    "by score": lambda client: client.zrange("open", 3, "+inf", byscore=True),
    "a page by score": lambda client: client.zrange(
        "open", 3, 20, byscore=True, offset=2, num=3, withscores=True
    ),
    "how many": lambda client: (client.zcard("open"), client.zcount("open", 3, 5), client.llen("queue")),
    "their scores": lambda client: client.zmscore("open", ["b3", "none", "b7"]),
    "one score": lambda client: client.zscore("open", "b5"),
    "a record": lambda client: client.hgetall("record:b4"),
    "some fields": lambda client: client.hmget("record:b4", "n", "none"),
    "one field": lambda client: (client.hget("record:b4", "n"), client.hexists("record:b4", "n")),
    "nothing": lambda client: (client.get("none"), client.hgetall("none"), client.zrange("none", 0, 0)),
    "a plain set": lambda client: client.smembers("accounts"),
    "a list": lambda client: sorted(client.lrange("queue", 0, -1)),
    "whether it is there": lambda client: (client.exists("record:b4"), client.exists("none")),
}


@pytest.fixture
def shards(redis_url: str) -> Iterator["list[redis.Redis]"]:
    """Return clients of shards."""
    found = [connect(redis_url, f"{{s:{number}}}:") for number in range(SHARDS)]
    yield found
    for client in found:
        client.flushdb()
        client.close()


@pytest.fixture
def one(redis_url: str) -> Iterator["redis.Redis"]:
    """Return a client of one that has all."""
    with connect(redis_url, "{all}:") as client:
        yield client


def fill(client_of: Callable[[int], "redis.Redis"]) -> None:
    """Put briefs where each belongs, several of them accepted at the same time."""
    for number in range(12):
        client = client_of(number)
        client.zadd("open", {f"b{number}": number // 2})
        client.hset(f"record:b{number}", mapping={"n": number})
        client.rpush("queue", f"b{number}")
        client.sadd("accounts", f"a{number % 4}")


@pytest.mark.parametrize("what", READS)
def test_merged_shards_read_as_if_one_had_all(
    shards: "list[redis.Redis]", one: "redis.Redis", what: str
) -> None:
    fill(lambda number: shards[number % SHARDS])
    fill(lambda _: one)
    together = merged(shards)
    assert READS[what](together) == READS[what](one)


def test_a_pipeline_reads_each_shard_once(shards: "list[redis.Redis]", one: "redis.Redis") -> None:
    fill(lambda number: shards[number % SHARDS])
    fill(lambda _: one)

    def read(client: "redis.Redis") -> Any:
        with client.pipeline(transaction=True) as pipe:
            pipe.zcard("open")
            pipe.zrange("open", 0, 3, desc=True)
            for number in range(12):
                pipe.hgetall(f"record:b{number}")
            return pipe.execute()

    assert read(merged(shards)) == read(one)
    with merged(shards).pipeline() as pipe:
        assert pipe.execute() == []


@pytest.mark.parametrize(
    "write",
    [
        lambda client: client.set("a", 1),
        lambda client: client.delete("a"),
        lambda client: client.fcall("advance", 0),
        lambda client: client.pipeline().lpush("a", 1),
        lambda client: client.zrange("open", 3, 5),
        lambda client: client.xrevrange("events", "+", "-", 2),
    ],
)
def test_what_it_can_not_read_of_all_is_refused(shards: "list[redis.Redis]", write: Read) -> None:
    with pytest.raises(OneShardError):
        write(merged(shards))


def tell(client: "redis.Redis", brief_id: str, entry: str) -> None:
    """Append an event as the ledger does."""
    event = (
        f'{{"specversion":"1.0","id":"{brief_id}/1","source":"s","type":"t","subject":"brief:{brief_id}",'
        f'"time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","data":{{"brief_id":"{brief_id}"}}}}'
    )
    client.xadd(keys.EVENTS(), {"event": event}, id=entry)


def test_events_come_in_order_and_each_can_be_gone_on_from(shards: "list[redis.Redis]") -> None:
    for number, (shard, entry) in enumerate([(0, "5-0"), (1, "3-0"), (2, "4-1"), (0, "9-0"), (1, "9-1")]):
        tell(shards[shard], f"b{number}", entry)
    together = merged(shards)
    found = outbox.read(together)
    assert [each.event.data["brief_id"] for each in found] == ["b1", "b2", "b0", "b3", "b4"]
    for position, each in enumerate(found):
        assert outbox.read(together, each.id) == found[position + 1 :]
    first = outbox.read(together, count=2)
    assert first + outbox.read(together, first[-1].id, count=10) == found
    assert happenings.last_id(together) == found[-1].id == "9-0,9-1,4-1"


def test_a_reader_waiting_for_events_hears_those_of_any_shard(shards: "list[redis.Redis]") -> None:
    together = merged(shards)
    since = happenings.last_id(together)
    assert happenings.changed(together, since, 20) == (set(), since)
    tell(shards[2], "b", "7-0")
    assert happenings.changed(together, since, 5_000) == ({"b"}, "0,0,7-0")


def test_a_cursor_of_fewer_shards_misses_nothing_of_the_new_ones() -> None:
    assert Cursor.read("17-3", 3).of == ["17-3", "0", "0"]
    assert str(Cursor.read("1-1,2-2", 2)) == "1-1,2-2"


def test_a_brief_and_an_account_are_found_where_they_are(shards: "list[redis.Redis]") -> None:
    shards[2].hset(keys.RECORD("brief:b"), "state", "waiting")
    together = merged(shards)
    assert holder_of(together, "b") is shards[2]
    assert holder_of(together, "nowhere") is shards[0]
    assert home_of(together, "shop") is shards[shard_of("shop", SHARDS)]
    made = at_each(together, lambda client: [client])
    assert made("b") is made("b")
    assert made("b") == [shards[2]]


def test_one_shard_is_read_by_its_own_client(shards: "list[redis.Redis]") -> None:
    assert merged(shards[:1]) is shards[0]
    assert clients_of(shards[0]) == [shards[0]]
    assert holder_of(shards[0], "b") is shards[0]
