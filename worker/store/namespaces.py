"""Clients of a namespace: it is put before the keys of each command, and taken off where answers name keys.

The code that uses a client need not know. A client without a namespace adds nothing. A command
whose keys are not known here is refused: they would be keys of other installations.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, AnyStr, Union, cast

import redis
import redis.asyncio

from config.errors import IdentityWorkerError
from worker.store.servers.clients import ShortAsyncClient, ShortClient

Words = Sequence[Any]
#: Where the keys of a command stand among its words.
Where = slice | Callable[[Words], slice]
Client = Union["redis.Redis", "redis.asyncio.Redis"]


class UnknownCommandError(IdentityWorkerError):
    """Raised when it is not known where a command has its keys; names the command."""


_FIRST, _SECOND, _NONE = slice(1, 2), slice(2, 3), slice(0, 0)


def _counted(words: Words) -> slice:
    """Return where the keys of a script or a function stand: behind their number."""
    return slice(3, 3 + int(words[2]))


def _streams(words: Words) -> slice:
    """Return where the streams stand that are read: they are the first half of what follows STREAMS."""
    first = _index(words, "STREAMS") + 1
    return slice(first, first + (len(words) - first) // 2)


def _table() -> Iterator[tuple[str, Where]]:
    for names, where in (
        ("GET GETDEL SET INCR INCRBY INCRBYFLOAT DECRBY DUMP RESTORE KEYS TYPE", _FIRST),
        ("EXPIRE PEXPIRE PERSIST TTL PTTL", _FIRST),
        ("DEL UNLINK EXISTS MGET WATCH", slice(1, None)),
        ("HGET HMGET HGETALL HSET HSETNX HDEL HEXISTS HINCRBY HINCRBYFLOAT HKEYS HVALS HLEN HSTRLEN", _FIRST),
        ("HSCAN SSCAN ZSCAN SADD SREM SMEMBERS SISMEMBER SCARD", _FIRST),
        ("ZADD ZINCRBY ZREM ZSCORE ZMSCORE ZRANK ZCARD ZCOUNT ZREMRANGEBYSCORE", _FIRST),
        ("ZRANGE ZREVRANGE ZRANGEBYSCORE", _FIRST),
        ("RPUSH LPUSH RPOP LPOP LLEN LINDEX LRANGE LPOS LREM LSET LTRIM LINSERT", _FIRST),
        ("BLPOP BRPOP", slice(1, -1)),
        ("BLMOVE LMOVE RENAME", slice(1, 3)),
        ("XADD XLEN XRANGE XREVRANGE XDEL XTRIM XACK XAUTOCLAIM XPENDING", _FIRST),
        ("XINFO XGROUP MEMORY OBJECT", _SECOND),
        ("XREAD XREADGROUP", _streams),
        ("EVAL EVALSHA FCALL FCALL_RO", _counted),
        # Of the server, of a connection, of a transaction; SCAN has a pattern.
        ("TIME PING INFO HELLO MULTI EXEC DISCARD UNWATCH WAIT WAITAOF DBSIZE FLUSHDB FLUSHALL ROLE", _NONE),
        ("CONFIG FUNCTION SCRIPT CLIENT ACL SLOWLOG DEBUG CLUSTER SHUTDOWN REPLICAOF SCAN", _NONE),
    ):
        yield from ((name, where) for name in names.split())


_WHERE: Mapping[str, Where] = dict(_table())


def named(namespace: str, words: Words) -> Words:
    """Return a command with a namespace before its keys; raises UnknownCommandError."""
    where = _WHERE.get(words[0]) or _of_parts(words[0])
    if not isinstance(where, slice):
        where = where(words)
    found = list(words)
    found[where] = [put_before(namespace, key) for key in words[where]]
    return _within(namespace, found) if words[0] == "SCAN" else found


def put_before(namespace: str, key: AnyStr) -> AnyStr:
    """Return a key's whole name."""
    return namespace.encode() + key if isinstance(key, bytes) else namespace + key


def _of_parts(name: str) -> Where:
    """Return where the keys of a command stand whose name is one word for redis-py, as `XINFO GROUPS`."""
    container, _, command = name.upper().partition(" ")
    where = _WHERE.get(container)
    if where is None:
        raise UnknownCommandError(f"where {name} has its keys is not known to {__name__}")
    return _FIRST if command and where is _SECOND else where


def _within(namespace: str, scan: list[Any]) -> list[Any]:
    """Have a SCAN find the keys of a namespace only, of which none has a special character of a pattern."""
    try:
        pattern = _index(scan, "MATCH") + 1
    except StopIteration:
        return [*scan, "MATCH", f"{namespace}*"]
    scan[pattern] = put_before(namespace, scan[pattern])
    return scan


def _index(words: Words, word: str) -> int:
    return next(n for n, each in enumerate(words) if each in (word, word.encode()))


def _taken_off(namespace: str, key: Any) -> Any:
    return key.removeprefix(namespace.encode() if isinstance(key, bytes) else namespace)


def _popped(namespace: str, answer: Any) -> Any:
    return _taken_off(namespace, answer[0]), answer[1]


def _read(namespace: str, answer: Any) -> Any:
    return [[_taken_off(namespace, name), entries] for name, entries in answer]


def _names(namespace: str, answer: Any) -> Any:
    return [_taken_off(namespace, each) for each in answer]


def _page(namespace: str, answer: Any) -> Any:
    return answer[0], _names(namespace, answer[1])


#: The answers that name keys.
_ANSWERS = {
    **dict.fromkeys(("BLPOP", "BRPOP"), _popped),
    **dict.fromkeys(("XREAD", "XREADGROUP"), _read),
    "KEYS": _names,
    "SCAN": _page,
}


class _Within:
    """What a client of a namespace, and its pipelines, do before redis-py."""

    namespace: str

    def execute_command(self, *words: Any, **options: Any) -> Any:
        """Send a command about keys of the namespace; raises UnknownCommandError."""
        return super().execute_command(*named(self.namespace, words), **options)  # type: ignore[misc]  # of the class that this is mixed into


class _Pipelines(_Within):
    """A client of a namespace: its pipelines are so too."""

    _pipelines: type

    def within(self, namespace: str) -> None:
        """Set the namespace, once."""
        self.namespace = namespace
        callbacks = self.response_callbacks  # type: ignore[attr-defined]  # of the class that this is mixed into
        for command, take_off in _ANSWERS.items():
            callbacks[command] = _reader(callbacks.get(command), take_off, namespace)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Any:  # as redis-py's
        """Return a pipeline of the namespace."""
        pool, callbacks = self.connection_pool, self.response_callbacks  # type: ignore[attr-defined]  # of the class that this is mixed into
        made = self._pipelines(pool, callbacks, transaction, shard_hint)
        made.namespace = self.namespace
        return made


def _reader(read: Callable[..., Any] | None, take_off: Callable[[str, Any], Any], namespace: str) -> Any:
    def reader(answer: Any, **options: Any) -> Any:
        found = answer if read is None else read(answer, **options)
        return found and take_off(namespace, found)

    return reader


class _Pipeline(_Within, redis.client.Pipeline):
    pass


class _Client(_Pipelines, ShortClient):
    _pipelines = _Pipeline


class _AsyncPipeline(_Within, redis.asyncio.client.Pipeline):  # type: ignore[misc]  # redis-py's own bases differ
    pass


class _AsyncClient(_Pipelines, ShortAsyncClient):  # type: ignore[misc]  # as above
    _pipelines = _AsyncPipeline


def within(namespace: str, pool: "redis.ConnectionPool") -> "redis.Redis":
    """Return the client of a namespace over a pool that is its own."""
    if not namespace:
        return ShortClient.from_pool(pool)
    client = cast(_Client, _Client.from_pool(pool))
    client.within(namespace)
    return client


def within_async(namespace: str, pool: "redis.asyncio.ConnectionPool") -> "redis.asyncio.Redis":
    """Return the same for asyncio."""
    if not namespace:
        return ShortAsyncClient.from_pool(pool)
    client = cast(_AsyncClient, _AsyncClient.from_pool(pool))
    client.within(namespace)
    return client


def namespace_of(client: Client) -> str:
    """Return what a client puts before each key, "" where nothing."""
    return getattr(client, "namespace", "")
