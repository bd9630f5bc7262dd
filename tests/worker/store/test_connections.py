"""A client's connections, which hundreds of threads or thousands of tasks share."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from config import durations
from worker.store import connection
from worker.store.connection import connect, connect_async


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
    with connect(redis_url) as shared:
        taken = [shared.connection_pool.get_connection() for _ in range(few)]
        # For one that becomes free: these have been made to wait longer for an answer of the server.
        monkeypatch.setattr(durations, "REDIS_ANSWER_SECONDS", 0.05)
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


def test_a_connection_idle_for_its_time_is_made_anew(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ids() -> list[int]:
        async with connect_async(redis_url) as shared:
            return [await shared.client_id() for _ in range(2)]

    with connect(redis_url) as shared:
        first = shared.client_id()
        assert shared.client_id() == first
        assert len(set(asyncio.run(ids()))) == 1
        monkeypatch.setattr(durations, "REDIS_IDLE_SECONDS", -1.0)
        second = shared.client_id()
        assert second != first
        assert len(set(asyncio.run(ids()))) == 2
        with shared.pipeline() as pipe:
            assert pipe.client_id().ping().execute()[0] != second


def test_an_idle_connection_serves_on_while_none_can_be_made(
    redis_url: str, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_password(password: str) -> None:
        client.execute_command("ACL", "SETUSER", "idle", "reset", "on", f">{password}", "~*", "+@all")

    async def served() -> bool:
        change_password("old")
        async with connect_async(as_idle) as shared:
            first = await shared.client_id()
            change_password("new")
            return bool(await shared.client_id() == first)

    as_idle = redis_url.replace("://", "://idle:old@")
    monkeypatch.setattr(durations, "REDIS_IDLE_SECONDS", -1.0)
    try:
        change_password("old")
        with connect(as_idle) as shared:
            first = shared.client_id()
            change_password("new")
            assert shared.client_id() == first
        assert asyncio.run(served())
    finally:
        client.execute_command("ACL", "DELUSER", "idle")


def test_a_connection_that_cannot_be_made_is_given_back(few: int) -> None:
    with connect("redis://127.0.0.1:1") as nobody:
        for _ in range(2 * few):
            with pytest.raises(redis.ConnectionError, match="refused"):
                nobody.ping()


def test_tasks_share_few_connections_and_wait_in_vain_for_a_while_only(
    redis_url: str, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with connect_async(f"{redis_url}?client_name=shared", 2) as shared:
            assert await asyncio.gather(*(shared.blpop(["nothing"], 0.01) for _ in range(20))) == [None] * 20
            assert connected(client) == 2
            monkeypatch.setattr(durations, "REDIS_ANSWER_SECONDS", 0.05)
            pool = shared.connection_pool
            taken = [await pool.get_connection() for _ in range(2)]
            with pytest.raises(redis.ConnectionError, match="became free"):
                await shared.ping()
            await pool.release(taken[0])
            assert await shared.ping()
            await pool.release(taken[1])

    asyncio.run(run())


def test_a_task_called_off_leaves_no_answer_to_the_next_one(redis_url: str, client: "redis.Redis") -> None:
    async def run() -> None:
        async with connect_async(redis_url, 1) as shared:
            for _ in range(3):
                waiting = asyncio.create_task(shared.blpop(["nothing"], 30))
                while not client.info("clients")["blocked_clients"]:
                    await asyncio.sleep(0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                assert await shared.get("something") is None
                while client.info("clients")["blocked_clients"]:
                    await asyncio.sleep(0)

    asyncio.run(run())


def test_a_connection_of_asyncio_that_the_server_has_closed_is_made_anew(
    redis_url: str, client: "redis.Redis"
) -> None:
    async def run() -> None:
        async with connect_async(f"{redis_url}?client_name=shared", 1) as shared:
            assert await shared.ping()
            (closed,) = (each["id"] for each in client.client_list() if each["name"] == "shared")
            client.client_kill_filter(_id=closed)
            (idle,) = shared.connection_pool._available_connections
            while not await idle.can_read():
                await asyncio.sleep(0)
            assert await shared.ping()

    asyncio.run(run())
