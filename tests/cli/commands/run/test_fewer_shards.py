"""A command that knows of too few shards tells nothing rather than a part as if it were all."""

import json
from collections.abc import Iterator

import pytest
import redis
from commandline import Command

from config import keys
from worker.store.connection import connect

STUDIO = {"IDENTITY_WORKER_NAMESPACE": "{studio}"}


@pytest.fixture
def first(redis_url: str) -> Iterator["redis.Redis"]:
    """Return a client of the first shard."""
    with connect(redis_url, "{studio}:") as client:
        yield client
        client.flushdb()


@pytest.mark.parametrize(
    "words", ["status", "wait", "audit", "accounts", "events", "shards", "export --to out"]
)
@pytest.mark.parametrize("shards", ["1", "2"])
def test_a_command_with_too_few_shards_tells_nothing(
    command: Command, first: "redis.Redis", words: str, shards: str
) -> None:
    first.hset(keys.SHARDS(), "count", 3)
    answer = command(*words.split(), **STUDIO, IDENTITY_WORKER_SHARDS=shards)
    assert answer.returncode == 1
    assert f"spread over 3 shards, and IDENTITY_WORKER_SHARDS is {shards}: set it to 3" in answer.stderr
    assert answer.stdout == ""


def test_with_enough_of_them_it_tells_all(command: Command, first: "redis.Redis") -> None:
    first.hset(keys.SHARDS(), mapping={"count": 1, "at:shop": 1})
    assert command("status", **STUDIO, IDENTITY_WORKER_SHARDS="2").returncode == 0
    assert command("status", **STUDIO).returncode == 1


def test_doctor_tells_of_accounts_in_more_shards(
    command: Command, first: "redis.Redis", environment: dict[str, str]
) -> None:
    first.hset(keys.SHARDS(), "count", 3)
    told = json.loads(command("doctor", "--json", **environment, **STUDIO).stdout)
    (check,) = [each for each in told if each["name"] == "shards"]
    assert (check["health"], check["remedy"].split(",")[0]) == ("fail", "set it to 3 at the least")
