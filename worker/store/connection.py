"""Connects to Redis with every timeout and retry set, and leaves a server that is not the primary.

Behind a proxy or a name, a connection outlives a failover: the old primary stays as a replica, and answers
READONLY for ever. Whoever answers so is left, with all idle connections, which lead to the same server.
"""

import os
import threading
from functools import cache
from typing import Any

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import durations
from config import namespace as namespaces
from config.redis_url import read_within
from config.times import monotonic
from worker.store.namespaces import within, within_async
from worker.store.outages import is_elsewhere
from worker.store.servers.async_pool import AsyncPool, Sending, was_idle_for_long
from worker.store.servers.clients import ShortClient
from worker.store.servers.finder import Guide
from worker.store.servers.options import async_kind_of, kind_of, options_of

#: Connections of a client, for hundreds of threads or thousands of tasks: a command takes a millisecond of
#: one, or tens if each write is synced on a busy disk. What comes together is synced together.
CONNECTIONS = 64
#: How bytes that are no UTF-8 become text and back (PEP 383).
_ANY_BYTES = "surrogateescape"


def _options(**more: Any) -> dict[str, Any]:
    # No client retries: a function whose reply was lost has run, and its second run would answer `duplicate`
    # to the very caller who moved the record. The timers and the broker repeat what is safe to repeat.
    return {
        "socket_connect_timeout": durations.REDIS_CONNECT_SECONDS,
        "socket_timeout": durations.REDIS_ANSWER_SECONDS,
        "protocol": 2,
        # No CLIENT SETINFO: it needs a right of its own since Redis 7.2, and 7.0 does not know that.
        "driver_info": None,
        **more,
    }


class _Leaving:
    """A connection that is closed when it is released, if its server was not the primary."""

    #: Kept apart from redis-py's own mark, which is gone when a client has closed the connection itself.
    was_wrong = False
    idle_since = float("inf")

    def read_response(self, *args: Any, **options: Any) -> Any:
        """Read an answer; what it raises is raised."""
        try:
            return super().read_response(*args, **options)  # type: ignore[misc]  # of the class that this is mixed into
        except redis.ResponseError as error:
            _leave(self, error)
            raise


class _AsyncLeaving(Sending):
    """The same for asyncio."""

    was_wrong = False
    idle_since = float("inf")

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """Read an answer; what it raises is raised."""
        try:
            return await super().read_response(*args, **options)  # type: ignore[misc]  # of the class that this is mixed into
        except redis.ResponseError as error:
            _leave(self, error)
            raise


def _leave(connection: Any, error: redis.ResponseError) -> None:
    if is_elsewhere(error):
        # Not at once: the answers to the rest of a pipeline are still to be read.
        connection.was_wrong = True
        connection.mark_for_reconnect()
        asking = getattr(connection, "asking", None)
        if asking is not None:
            asking.finder.was_wrong(error)


@cache
def _leaving(kind: type, mixin: type) -> type:
    return type(f"Leaving{kind.__name__}", (mixin, kind), {})


class _Pool(redis.ConnectionPool):
    """A pool that closes its idle connections together with one that is to be left.

    Hundreds of threads share its connections, which they need for a millisecond each: redis-py's own would
    raise where none is free, and takes twice as long to hand one out.
    """

    def __init__(self, connection_class: type = redis.Connection, **options: Any) -> None:
        self._room = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__(
            connection_class=_leaving(connection_class, _Leaving), max_connections=CONNECTIONS, **options
        )

    def reset(self) -> None:
        """Forget all connections, in a fork: what threads of its parent held is free here."""
        self._room = threading.BoundedSemaphore(CONNECTIONS)
        super().reset()

    def get_connection(self, *_: Any, **__: Any) -> Any:
        """Return a connection for the caller alone; raises redis.ConnectionError when none becomes free."""
        self._checkpid()
        room = self._room
        if not room.acquire(timeout=durations.REDIS_ANSWER_SECONDS):
            raise redis.ConnectionError("no connection of this process became free in time")
        try:
            with self._lock:
                idle = self._available_connections
                connection = idle.pop() if idle else self.make_connection()
                self._in_use_connections.add(connection)
        except BaseException:
            room.release()
            raise
        try:
            if not connection.is_connected:
                connection.connect()
            elif _is_over(connection):
                connection.disconnect()
                connection.connect()
            elif was_idle_for_long(connection):
                connection = self._renewed(connection)
        except BaseException:
            self.release(connection)
            raise
        return connection

    def _renewed(self, idle: Any) -> Any:
        """Return a new connection in place of one that was idle; where none can be made, that one serves.

        It may lead to the server still: while no Sentinel answers, or a password is changed.
        """
        fresh = self.connection_class(**self.connection_kwargs)
        try:
            fresh.connect()
        except redis.ConnectionError:
            return idle
        with self._lock:
            self._in_use_connections.remove(idle)
            self._in_use_connections.add(fresh)
        idle.disconnect()
        return fresh

    def release(self, connection: Any) -> None:
        """Take a connection back."""
        self._checkpid()
        was_wrong, connection.was_wrong = connection.was_wrong, False
        with self._lock:
            if connection not in self._in_use_connections:
                return  # of the process that this one is a fork of
            self._in_use_connections.remove(connection)
            if connection.should_reconnect():
                connection.disconnect()
            connection.idle_since = monotonic()
            self._available_connections.append(connection)
        self._room.release()
        if was_wrong:
            self.disconnect(inuse_connections=False)


def _is_over(connection: Any) -> bool:
    """Whether the server has closed an idle connection, or said something that nobody had asked for."""
    try:
        return bool(connection.can_read())
    except (redis.ConnectionError, redis.TimeoutError, OSError):
        return True


class _Nowhere(redis.Connection):
    """A connection to no server."""

    def connect(self) -> None:
        """Raise RuntimeError: nobody has told it where the server is."""
        raise RuntimeError("this client has not been told its server: a worker tells it when it boots")


def connect(url: str, namespace: str | None = None) -> "redis.Redis":
    """Return a client whose answers are text; nothing is sent before the first command.

    Its keys are those of a namespace (`config/namespace.py`), of the environment's unless another is named.
    Raises NamespaceError of a wrong one, RedisUrlError of a URL that can't be read, or can't hold these keys.
    """
    return _client(url, namespace, decode_responses=True)


def connect_bytes(url: str, namespace: str | None = None) -> "redis.Redis":
    """Return a client whose answers are bytes, as Dramatiq wants them; it sends what `decoded` returns."""
    return _client(url, namespace, encoding_errors=_ANY_BYTES)


def _client(url: str, namespace: str | None, **more: Any) -> "redis.Redis":
    before = _before_keys(namespace)
    address = read_within(url, before)
    options = _options(retry=Retry(NoBackoff(), 0), **more)
    return within(before, _Pool(kind_of(address), **options_of(address, before), **options))


def guide_of(client: "redis.Redis | redis.asyncio.Redis") -> Guide | None:
    """Return what finds a client's server, None of one whose address names the server itself."""
    guide: Guide | None = client.connection_pool.connection_kwargs.get("asking")
    return guide


def unconnected() -> "redis.Redis":
    """Return a client that gets its server later, by a `connection_pool`; commands before that raise."""
    return ShortClient.from_pool(_Pool(connection_class=_Nowhere))


def decoded(name: bytes) -> str:
    """Return a name that others chose as text, whatever its bytes are; `encoded` gives the bytes back."""
    return name.decode("utf-8", _ANY_BYTES)


def encoded(name: str) -> bytes:
    """Return the bytes that `decoded` was given."""
    return name.encode("utf-8", _ANY_BYTES)


def connect_async(
    url: str, connections: int = CONNECTIONS, namespace: str | None = None
) -> "redis.asyncio.Redis":
    """Return an asyncio client whose answers are text; whoever finds no free connection waits for one."""
    from redis.asyncio.retry import Retry as AsyncRetry

    before = _before_keys(namespace)
    address = read_within(url, before)
    pool = AsyncPool(
        _leaving(async_kind_of(address), _AsyncLeaving),
        connections,
        **options_of(address, before),
        **_options(decode_responses=True, retry=AsyncRetry(NoBackoff(), 0)),
    )
    return within_async(before, pool)


def _before_keys(namespace: str | None) -> str:
    return namespaces.given(os.environ) if namespace is None else namespace
