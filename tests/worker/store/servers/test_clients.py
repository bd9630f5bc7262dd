"""What our clients leave out of redis-py's own."""

from typing import NoReturn

import pytest
import redis
import redis.asyncio.client

from worker.store.connection import connect, connect_async


def measured(*_: object, **__: object) -> NoReturn:
    raise AssertionError("redis-py measures what is sent")


@pytest.mark.parametrize("namespace", ["", "studio:"])
def test_a_command_is_sent_and_its_answer_read_and_no_more(
    redis_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis.client, "record_operation_duration", measured)
    with connect(redis_url, namespace) as client:
        assert client.ping()


@pytest.mark.anyio
async def test_so_it_is_with_asyncio(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis.asyncio.client, "record_operation_duration", measured)
    async with connect_async(redis_url) as client:
        assert await client.ping()
