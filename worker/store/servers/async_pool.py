"""The pool of asyncio's connections, which hands one out and takes it back, and does nothing beside it.

redis-py's own measures both for metrics that nobody has asked for, and makes a task of each command that is
sent, to limit its time: together as long as the command.
"""

import asyncio
from typing import Any

import redis
import redis.asyncio

from config import durations
from config.times import monotonic


def was_idle_for_long(connection: Any) -> bool:
    """Return whether a connection was idle for so long that it may lead nowhere by now.

    Load balancers and firewalls forget one that is idle for some minutes, and tell neither side: who sends by
    it waits in vain for an answer.
    """
    return bool(monotonic() - connection.idle_since > durations.REDIS_IDLE_SECONDS)


class Sending:
    """A connection that sends without a task."""

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: ARG002  # redis-py's
        """Send packed commands; raises redis.ConnectionError, of which a timeout is one more kind."""
        connection: Any = self
        if not connection.is_connected:
            await connection.connect_check_health(check_health=False)
        try:
            async with asyncio.timeout(connection.socket_timeout):
                connection._writer.writelines([command] if isinstance(command, bytes) else command)
                await connection._writer.drain()
        except BaseException as error:
            # It may have been sent in part, so its connection is of no use.
            await connection.disconnect(nowait=True)
            if isinstance(error, TimeoutError):
                raise redis.TimeoutError("the server takes nothing") from error
            if isinstance(error, OSError):
                raise redis.ConnectionError(f"the connection is lost: {error}") from error
            raise


class AsyncPool(redis.asyncio.ConnectionPool):
    """A pool whose users wait for a free connection.

    A connection that is released may have been marked by `was_wrong`: its server was not the primary, so the
    idle ones are closed as well.
    """

    def __init__(self, connection_class: type, max_connections: int, **options: Any) -> None:
        self._room = asyncio.Semaphore(max_connections)
        super().__init__(connection_class=connection_class, max_connections=max_connections, **options)

    async def get_connection(self, *_: Any, **__: Any) -> Any:
        """Return a connection for the caller alone; raises redis.ConnectionError when none becomes free."""
        try:
            async with asyncio.timeout(durations.REDIS_ANSWER_SECONDS if self._room.locked() else None):
                await self._room.acquire()
        except TimeoutError:
            raise redis.ConnectionError("no connection of this process became free in time") from None
        idle = self._available_connections
        connection: Any = idle.pop() if idle else self.make_connection()  # type: ignore[no-untyped-call]  # redis-py's
        self._in_use_connections.add(connection)
        try:
            if connection.is_connected and was_idle_for_long(connection):
                connection = await self._renewed(connection)
            await self.ensure_connection(connection)
        except BaseException:
            await self.release(connection)
            raise
        return connection

    async def _renewed(self, idle: Any) -> Any:
        """Return a new connection in place of one that was idle; where none can be made, that one serves.

        It may lead to the server still: while no Sentinel answers, or a password is changed.
        """
        fresh: Any = self.make_connection()  # type: ignore[no-untyped-call]  # redis-py's
        try:
            await fresh.connect()
        except redis.ConnectionError:
            return idle
        self._in_use_connections.remove(idle)
        self._in_use_connections.add(fresh)
        await idle.disconnect(nowait=True)
        return fresh

    async def release(self, connection: Any) -> None:
        """Take a connection back."""
        was_wrong, connection.was_wrong = connection.was_wrong, False
        self._in_use_connections.remove(connection)
        try:
            if connection.should_reconnect():
                await connection.disconnect()
        finally:
            connection.idle_since = monotonic()
            self._available_connections.append(connection)
            self._room.release()
        if was_wrong:
            for idle in [*self._available_connections]:
                if idle in self._available_connections:  # and not taken meanwhile
                    await idle.disconnect(nowait=True)
