"""The log of actions: the last first, by cursors that nothing shifts, over all shards."""

import json
from collections.abc import Iterator

import pytest
import redis

from config import keys
from worker.operations import actions
from worker.shards.merged import merged
from worker.store.connection import connect


@pytest.fixture
def shards(redis_url: str) -> Iterator["list[redis.Redis]"]:
    """Return clients of two shards."""
    found = [connect(redis_url, f"{{log:{number}}}:") for number in range(2)]
    yield found
    for client in found:
        client.flushdb()
        client.close()


def write(client: "redis.Redis", at: int, what: str) -> None:
    """Write down an action of a time."""
    client.lpush(keys.ACTIONS(), actions.entry(at, what, "ada", None))


def paged(client: "redis.Redis", most: int) -> list[str]:
    """What is met by pages of so many."""
    found: list[actions.Logged] = []
    while page := actions.page(client, most, found[-1].cursor if found else None):
        found += page
    return [each.action["what"] for each in found]


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_each_action_is_met_once_whatever_the_page(
    shards: "list[redis.Redis]", most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_PAGE", 2)
    for number in range(10):
        # Four at a time, some written down later than they were timed.
        write(shards[number % 2], 1_000_000 + number // 4 * 10 - number % 3, f"a{number}")
    together = merged(shards)
    found = paged(together, most)
    assert sorted(found) == [f"a{number}" for number in range(10)]
    times = [each["at"] for each in actions.actions(together)]
    assert times == sorted(times, reverse=True)
    assert found == paged(together, 100)


def test_what_comes_meanwhile_shifts_nothing(client: "redis.Redis") -> None:
    for number in range(6):
        write(client, 1_000 + number, f"a{number}")
    first = actions.page(client, 3)
    write(client, 2_000, "new")
    rest = actions.page(client, 3, first[-1].cursor)
    assert [each.action["what"] for each in (*first, *rest)] == ["a5", "a4", "a3", "a2", "a1", "a0"]


@pytest.mark.parametrize("cursor", ["", "x", "1.2", "1000.xyz", "-1.01234567"])
def test_a_text_that_is_no_cursor_is_refused(client: "redis.Redis", cursor: str) -> None:
    with pytest.raises(actions.CursorError):
        actions.page(client, 3, cursor)


def test_what_was_not_done_is_marked_where_it_stands(client: "redis.Redis") -> None:
    recorded = [actions.record(client, f"a{number}", "ada", None, brief="b") for number in range(3)]
    with pytest.raises(KeyError), recorded[1].refused_by(KeyError):
        raise KeyError
    recorded[1].not_done()
    texts = client.lrange(keys.ACTIONS(), 0, -1)
    found = [(each["what"], each.get("outcome")) for each in map(json.loads, texts)]  # type: ignore[arg-type]
    assert found == [("a2", None), ("a1", actions.NOT_DONE), ("a0", None)]


def test_an_action_whose_end_nobody_knows_stays_unmarked(client: "redis.Redis") -> None:
    recorded = actions.record(client, "cancel", "ada", None, brief="b")
    with pytest.raises(ConnectionError), recorded.refused_by(ValueError):
        raise ConnectionError
    (action,) = actions.actions(client)
    assert "outcome" not in action
