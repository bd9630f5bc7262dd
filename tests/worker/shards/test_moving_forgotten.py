"""A server that was replaced in the middle of a move has forgotten some of it: the move ends well."""

from typing import Any

import pytest
import redis
from moved_account import NAME, forget, left_of, standing

from config import keys
from config.settings import Settings
from worker.shards.merged import home_of
from worker.shards.moving import ForgottenError, Moving, planned, settle
from worker.shards.shards import Shards


def test_where_it_lives_is_said_again_once_that_was_forgotten(shards: Shards, grown: Settings) -> None:
    before = standing(shards.reading)
    (move,) = planned(shards)
    Moving(shards, grown).move(move, 0)
    shards.client(0).hdel(keys.SHARDS(), f"at:{NAME}")
    settle(shards, 0)
    assert list(planned(shards)) == []
    assert home_of(shards.reading, NAME) is shards.client(1)
    assert standing(shards.reading) == before


def test_a_move_that_was_broken_off_at_its_last_call_leaves_nothing(shards: Shards, grown: Settings) -> None:
    before, way = standing(shards.reading), keys.LEAVING(NAME)
    (move,) = planned(shards)
    noted: list[Any] = []

    def dies(client: "redis.Redis", *words: Any, **options: Any) -> Any:
        if words[0] == "DEL" and str(words[1]).endswith(way):
            noted.append(shards.client(1).hgetall(way))
            raise redis.ConnectionError("the server was replaced")
        return send(client, *words, **options)

    send = redis.Redis.execute_command
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis.Redis, "execute_command", dies)
        with pytest.raises(redis.ConnectionError):
            Moving(shards, grown).move(move, 0)
    assert noted[0], "how far it has come"
    shards.client(0).hdel(keys.SHARDS(), f"at:{NAME}")
    settle(shards, 0)
    assert not shards.client(1).exists(way)
    assert home_of(shards.reading, NAME) is shards.client(1)
    assert standing(shards.reading) == before


def test_a_server_that_forgot_parts_is_given_none_behind_them(shards: Shards, grown: Settings) -> None:
    before = standing(shards.reading)
    (move,) = planned(shards)
    has_forgotten = []

    def forgets(client: "redis.Redis", *words: Any, **options: Any) -> Any:
        if '"part":2,' in str(words) and not has_forgotten:
            has_forgotten.append(True)
            forget(shards.client(1))
        return send(client, *words, **options)

    send = redis.Redis.execute_command
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis.Redis, "execute_command", forgets)
        with pytest.raises(ForgottenError, match="shard 1 was replaced"):
            Moving(shards, grown).move(move, 0)
    assert left_of(shards.client(1), NAME) == set()
    (move,) = planned(shards)
    Moving(shards, grown).move(move, 0)
    assert standing(shards.reading) == before
