"""A client's connections, which hundreds of threads share."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from config import durations
from worker.store import connection
from worker.store.connection import connect


def connected(client: "redis.Redis") -> int:
    """How many connections of a name the server has."""
    return sum(each["name"] == "shared" for each in client.client_list())


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So many connections for each client."""
    monkeypatch.setattr(connection, "CONNECTIONS", 2)
    return 2


def test_threads_without_a_free_connection_wait_for_one(
    redis_url: str, client: "redis.Redis", few: int
) -> None:
    with connect(f"{redis_url}?client_name=shared") as shared, ThreadPoolExecutor(20) as pool:
        assert list(pool.map(lambda _: shared.blpop(["nothing"], timeout=0.01), range(40))) == [None] * 40
        assert 1 <= connected(client) <= few


def test_a_thread_that_waits_in_vain_has_lost_its_connection(
    redis_url: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "REDIS_ANSWER_SECONDS", 0.05)
    with connect(redis_url) as shared:
        taken = [shared.connection_pool.get_connection() for _ in range(few)]
        with pytest.raises(redis.ConnectionError):
            shared.ping()
        shared.connection_pool.release(taken[0])
        assert shared.ping()
        shared.connection_pool.release(taken[0])  # once more, which frees nothing
        assert shared.connection_pool.get_connection() is taken[0]
        with pytest.raises(redis.ConnectionError):
            shared.ping()


def test_a_connection_that_the_server_has_closed_is_made_anew(redis_url: str, client: "redis.Redis") -> None:
    with connect(f"{redis_url}?client_name=shared") as shared:
        assert shared.ping()
        (closed,) = (each["id"] for each in client.client_list() if each["name"] == "shared")
        client.client_kill_filter(_id=closed)
        assert shared.ping()


def test_a_connection_that_cannot_be_made_is_given_back(few: int) -> None:
    with connect("redis://127.0.0.1:1") as nobody:
        for _ in range(2 * few):
            with pytest.raises(redis.ConnectionError, match="refused"):
                nobody.ping()
