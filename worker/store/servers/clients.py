"""The clients: they send a command and read its answer, and nothing beside it.

redis-py's own ask first how often a command is to be repeated, and afterwards measure it for metrics that
nobody has asked for: together as long as the rest. Ours repeat nothing (`worker/store/connection.py`).
"""

from typing import Any

import redis
import redis.asyncio


class ShortClient(redis.Redis):
    """A client of redis-py without that."""

    def _execute_command(self, *words: Any, **options: Any) -> Any:
        # Where either fails, redis-py's connection closes itself: no answer of one is taken for another's.
        pool = self.connection_pool
        connection = pool.get_connection()
        try:
            connection.send_command(*words)
            return self.parse_response(connection, words[0], **options)  # type: ignore[no-untyped-call]  # redis-py's
        finally:
            pool.release(connection)


class ShortAsyncClient(redis.asyncio.Redis):
    """The same for asyncio."""

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        """Send a command and return its answer; raises redis.RedisError."""
        pool = self.connection_pool
        connection = await pool.get_connection()
        try:
            await connection.send_command(*words)
            return await self.parse_response(connection, words[0], **options)
        finally:
            await pool.release(connection)
