"""What our clients leave out of redis-py's own."""

import asyncio
from typing import Any, NoReturn

import pytest
import redis
import redis.asyncio.client
from started_servers import user

from worker.store.connection import connect, connect_async, connect_bytes


def measured(*_: object, **__: object) -> NoReturn:
    raise AssertionError("redis-py measures what is sent")


@pytest.mark.parametrize("namespace", ["", "studio:"])
def test_a_command_is_sent_and_its_answer_read_and_no_more(
    redis_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis.client, "record_operation_duration", measured)
    with connect(redis_url, namespace) as client:
        assert client.ping()


@pytest.mark.parametrize("open_client", [connect, connect_bytes])
def test_a_connection_asks_for_no_right_that_is_not_needed(server: "redis.Redis", open_client: Any) -> None:
    url = user(server, "~*", "-@all", "+ping")
    server.execute_command("ACL", "LOG", "RESET")
    with open_client(url) as client:
        assert client.ping()
    assert asyncio.run(pinged(url))
    assert server.execute_command("ACL", "LOG") == []


async def pinged(url: str) -> bool:
    async with connect_async(url) as client:
        return bool(await client.ping())


@pytest.mark.anyio
async def test_so_it_is_with_asyncio(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis.asyncio.client, "record_operation_duration", measured)
    async with connect_async(redis_url) as client:
        assert await client.ping()
