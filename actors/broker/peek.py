"""Waits until a Redis list has an element without reading the element, which may be huge."""

import math
import time
from typing import Any

import redis

from config import durations
from worker.store.namespaces import namespace_of, put_before


class Peek:
    """A wait for an element of one list, which takes nothing; one thread's own.

    The wait of the server outlasts the caller's: who looks again a moment later goes on with the same one, so
    an idle queue costs the server a wait each few seconds, however often its consumer looks elsewhere.
    """

    def __init__(self, client: "redis.Redis", key: str) -> None:
        self._client = client
        self._key = key
        self._whole_key = put_before(namespace_of(client), key)
        self._connection: Any = None
        """The one on which the server waits; None where it does not."""
        self._pool: Any = None
        self._began = -math.inf

    def wait(self, seconds: float) -> bool:
        """Wait until the list has an element, for so many seconds at most; return whether it has one.

        Raises redis.RedisError.
        """
        until = time.monotonic() + seconds
        try:
            while True:
                if self._is_element_there(until):
                    return True
                if time.monotonic() >= until:
                    return False
        except redis.ResponseError:
            # Without the right to CLIENT REPLY the answer is read. If something else is wrong, this command
            # tells what.
            self.end()
            return self._blmove(seconds)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Wait no more; an answer may still be under way, so the connection is closed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()
            self._pool.release(connection)

    def _is_element_there(self, until: float) -> bool:
        if self._connection is None:
            self._begin()
        if not self._connection.can_read(max(0.0, until - time.monotonic())):
            if time.monotonic() - self._began > durations.REDIS_ANSWER_SECONDS:
                raise redis.TimeoutError("no answer to the wait for a message")
            return False
        length = int(self._connection.read_response())
        connection, self._connection = self._connection, None
        self._pool.release(connection)
        if length > 0:
            return True
        # It ended sooner: another took the element, or Redis refused the wait, which this command then tells.
        return time.monotonic() - self._began < durations.REDIS_BLOCK_SECONDS / 2 and self._blmove(0.01)

    def _begin(self) -> None:
        # The answer to the wait would be the element, so it is left out, and the length asked for behind it:
        # the server says that when the wait is over.
        commands: list[tuple[Any, ...]] = [
            ("CLIENT", "REPLY", "SKIP"),
            ("BLMOVE", self._whole_key, self._whole_key, "LEFT", "LEFT", durations.REDIS_BLOCK_SECONDS),
            ("LLEN", self._whole_key),
        ]
        self._pool, self._began = self._client.connection_pool, time.monotonic()
        self._connection = self._pool.get_connection()
        self._connection.send_packed_command(self._connection.pack_commands(commands))

    def _blmove(self, seconds: float) -> bool:
        """Move the head to the head: a blocking peek."""
        words = ("BLMOVE", self._key, self._key, "LEFT", "LEFT", seconds)
        return self._client.execute_command(*words) is not None
