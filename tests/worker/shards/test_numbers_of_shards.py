"""How many shards there were at first is on record: by another number accounts would be elsewhere."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from config import keys
from config.settings import Settings
from config.settings import settings as process_settings
from worker.archive.stands import Stand, Waiting
from worker.archive.stands import together as together_at
from worker.metrics.reading import Group, read
from worker.metrics.together import together
from worker.shards.placement import Placement
from worker.store import startup
from worker.store.connection import connect
from worker.store.startup import UnsafeServerError


@pytest.fixture
def first(redis_url: str) -> Iterator["redis.Redis"]:
    """Return a client of the first shard."""
    with connect(redis_url, "{s}:") as client:
        yield client
        client.flushdb()


def start(monkeypatch: pytest.MonkeyPatch, redis_url: str, shards: int) -> None:
    """Check the server as a process with so many shards does."""
    monkeypatch.setenv("IDENTITY_WORKER_NAMESPACE", "{s}")
    monkeypatch.setenv("IDENTITY_WORKER_SHARDS", str(shards))
    process_settings.cache_clear()
    startup.check(redis_url, 0)


def test_a_process_with_fewer_does_not_start(
    settings: Settings, first: "redis.Redis", redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.shards == 1
    start(monkeypatch, redis_url, 3)
    start(monkeypatch, redis_url, 4)
    assert first.hgetall(keys.SHARDS()) == {"count": "3"}
    for fewer in (1, 2):
        with pytest.raises(UnsafeServerError, match=r"spread over 3 shards.*SHARDS is \d: set it to 3 at"):
            start(monkeypatch, redis_url, fewer)
    first.hset(keys.SHARDS(), "at:shop", 4)
    with pytest.raises(UnsafeServerError, match="spread over 5 shards"):
        start(monkeypatch, redis_url, 4)
    process_settings.cache_clear()


def test_accounts_of_before_live_in_the_first_shard(
    settings: Settings, first: "redis.Redis", redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.shards == 1
    first.sadd(keys.ACCOUNTS(), "default")
    start(monkeypatch, redis_url, 1)
    assert not first.exists(keys.SHARDS())
    start(monkeypatch, redis_url, 2)
    placement = Placement(first, 2)
    assert [placement.of(f"a{number}") for number in range(9)] == [0] * 9
    process_settings.cache_clear()


def test_figures_of_shards_are_one_installations(client: "redis.Redis", settings: Settings) -> None:
    one = read(client, settings)
    assert together([one]) is one
    ones = replace(
        one, unfinished=2, queued={"briefs": 3}, queued_ms={"briefs": 5}, tally={"a": "1", "b": "0.5"}
    )
    other = replace(one, unfinished=4, queued={"briefs": 1}, queued_ms={"briefs": 9}, tally={"b": "0.25"})
    ones, other = (
        replace(each, groups={"g": Group(pending, lag)}, held_ms=held)
        for each, pending, lag, held in ((ones, 1, 2, None), (other, 3, 4, 7))
    )
    both = together([ones, other])
    assert (both.unfinished, both.queued["briefs"], both.queued_ms["briefs"], both.held_ms) == (6, 4, 9, 7)
    assert both.tally == {"a": "1", "b": "0.75"}
    assert both.groups == {"g": Group(4, 6)}


def test_archives_at_one_place_are_one_over_all_shards() -> None:
    stand = Stand("folder", at=5, listed_at=4, lacking=1, gone=2)
    one = Waiting(stand, events=3, in_hand=1, alive=1)
    other = Waiting(stand._replace(at=9, lacking=4), events=None, in_hand=2, alive=1)
    assert together_at([[one], [other]]) == [
        Waiting(stand._replace(lacking=5, gone=4), events=None, in_hand=3, alive=2)
    ]
    assert together_at([[one]]) == [one]
