"""Waits until something happens in any shard."""

import asyncio
from collections.abc import Sequence
from typing import Any

import redis.asyncio

from config import durations, keys
from worker.shards.cursors import Cursor


class Waiting:
    """One reader's wait at the event stream of each shard; raises redis.RedisError.

    A wait that has not ended is used again the next time: to cancel it would close its connection.
    """

    def __init__(self, clients: "Sequence[redis.asyncio.Redis]") -> None:
        self._clients = clients
        self._waits: dict[tuple[int, str], asyncio.Task[Any]] = {}

    async def after(self, place: str) -> bool:
        """Return whether something came after a place, or nothing did for REDIS_BLOCK_SECONDS."""
        for shard, entry in enumerate(Cursor.read(place, len(self._clients)).of):
            if (shard, entry) not in self._waits:
                self._waits[shard, entry] = asyncio.create_task(self._wait(shard, entry))
        done, _ = await asyncio.wait(self._waits.values(), return_when=asyncio.FIRST_COMPLETED)
        self._waits = {at: task for at, task in self._waits.items() if task not in done}
        failed = [error for task in done if (error := task.exception()) is not None]
        if failed:
            raise failed[0]
        return any(task.result() for task in done)

    async def _wait(self, shard: int, entry: str) -> Any:
        block_ms = round(durations.REDIS_BLOCK_SECONDS * 1000)
        return await self._clients[shard].xread({keys.EVENTS(): entry}, count=1, block=block_ms)

    async def aclose(self) -> None:
        """End all waits."""
        for task in self._waits.values():
            task.cancel()
        await asyncio.gather(*self._waits.values(), return_exceptions=True)
