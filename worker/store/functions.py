"""Calls the functions of a library, loads it where it is missing, and removes those that nobody uses.

A server can lose a library at any time (a restart without persistence, FUNCTION FLUSH, a failover): a call
that does not find its function has done nothing, so the library is loaded and the call repeated.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

import redis
import redis.asyncio

from config import durations, keys
from config.times import redis_ms
from worker.store.libraries import Library
from worker.store.namespaces import namespace_of
from worker.store.outages import lacks_function
from worker.store.servers.steps import drive, drive_async

T = TypeVar("T", covariant=True)
#: One command of Redis, as it is sent.
Words = tuple[str | int | bytes, ...]
#: Yields what is to be sent and is given the answer, or the error; returns what has come of it all.
Steps = Generator[Words, Any, T]
#: Sends one, by a client; returns the answer or raises redis.RedisError.
Send = Callable[["redis.Redis", Words], Any]

#: What an answer begins with that has something told beside it.
_TOLD = b"\0told"
#: Loads of a library that vanishes again and again, for one call.
_LOADS = 10


@dataclass(frozen=True)
class Command(Generic[T]):
    """One call of a function, and how its answer is read."""

    name: str
    """The function's file, without its ending."""
    key: str
    """The key in Redis that the call is about."""
    read: Callable[[Any], T]
    """Reads the answer, in which all text is bytes."""
    arguments: Mapping[str, Any]
    """What the file's header names; None ones are left out."""
    raw: Sequence[bytes] = ()
    """Arguments that may be any bytes."""

    def given(self, **more: Any) -> "Command[T]":
        """Return the same command with more arguments."""
        return replace(self, arguments={**self.arguments, **more})

    def words(self, library: Library, now: int | None = None) -> Words:
        """Return the call as it is sent to Redis; `now` in ms only in simulations."""
        given = {name: value for name, value in self.arguments.items() if value is not None}
        text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
        function = f"{library.name}_{self.name}"
        return ("FCALL", function, 1, self.key, "" if now is None else now, text, *self.raw)


class Functions:
    """The functions of a library over one Redis client."""

    def __init__(self, client: "redis.Redis", library: Library) -> None:
        self._client = client
        self._library = library.within(namespace_of(client))

    def run(self, command: Command[T], now: int | None = None, send: Send | None = None) -> T:
        """Call a function; `now` in ms only in simulations, `send` where more is sent with the call.

        Raises redis.RedisError.
        """

        def answer(words: Words) -> Any:
            return (send if send and words[0] == "FCALL" else _send)(self._client, words)

        return drive(_called(self._library, command, now), answer, redis.ResponseError)

    def load(self) -> None:
        """Load the library, unless the server has it."""
        drive(_loaded(self._library), partial(_send, self._client), redis.ResponseError)


class AsyncFunctions:
    """The same over an asyncio client."""

    def __init__(self, client: "redis.asyncio.Redis", library: Library) -> None:
        self._client = client
        self._library = library.within(namespace_of(client))

    async def run(self, command: Command[T], now: int | None = None) -> T:
        """Call a function; `now` in ms only in simulations. Raises redis.RedisError."""
        steps = _called(self._library, command, now)
        return await drive_async(steps, self._answer, redis.ResponseError)

    async def _answer(self, words: Words) -> Any:
        return await self._client.execute_command(*words, NEVER_DECODE=True)


def _send(client: "redis.Redis", words: Words) -> Any:
    return client.execute_command(*words, NEVER_DECODE=True)


def _called(library: Library, command: Command[T], now: int | None) -> Steps[T]:
    """Yield what is to be sent for a call, as both kinds of client do; return its answer."""
    if library.is_due():
        yield from _touched(library)
    call = command.words(library, now)
    for _ in range(_LOADS):
        try:
            answer = yield call
            break
        except redis.ResponseError as error:
            if not lacks_function(error):
                raise
        yield from _loaded(library)
    else:
        answer = yield call
    return command.read(_heard(library, answer))


def _heard(library: Library, answer: Any) -> Any:
    """Pass on what a function tells beside its answer (`lua/entry.lua`); return the answer."""
    if not isinstance(answer, list) or answer[:1] != [_TOLD]:
        return answer
    library.told(json.loads(answer[1]))
    return answer[2] if len(answer) > 2 else None


def _loaded(library: Library) -> Steps[None]:
    """Load a library, unless the server has it."""
    yield from _touched(library)
    try:
        yield ("FUNCTION LOAD", library.code)
    except redis.ResponseError as error:
        if "already exists" not in str(error):  # by another process, at the same moment
            raise


def _touched(library: Library) -> Steps[None]:
    """Put on record that a library is used, and remove those that nobody uses."""
    with suppress(redis.ResponseError):  # of a right that is missing the call will tell
        now = redis_ms((yield ("TIME",)))
        yield ("ZADD", keys.LIBRARIES(), now, library.name)
        yield from _found(library, now)
        long_ago = now - durations.LIBRARY_UNUSED_MS
        for name in (yield ("ZRANGEBYSCORE", keys.LIBRARIES(), "-inf", long_ago)):
            with suppress(redis.ResponseError):  # another process was first
                yield ("FUNCTION DELETE", name)
        # By its time, not by its name: one that was touched meanwhile is loaded again, and stays listed.
        yield ("ZREMRANGEBYSCORE", keys.LIBRARIES(), "-inf", long_ago)


def _found(library: Library, now: int) -> Steps[None]:
    """Let the hour begin of libraries that the server has and that are on no record.

    Their record was flushed, or they are used from another database: then they are removed all the same, and
    their next call loads them again. Libraries of other namespaces have other names.
    """
    with suppress(redis.ResponseError):  # without the right to list them only those on record are known
        for row in (yield ("FUNCTION LIST", "LIBRARYNAME", f"{library.family}*")):
            yield ("ZADD", keys.LIBRARIES(), "NX", now, row[row.index(b"library_name") + 1])


def number(answer: Any) -> int:
    """Read a whole number."""
    return int(answer)


def flag(answer: Any) -> bool:
    """Read 1 or 0."""
    return bool(answer)


def nothing(answer: Any) -> None:
    """Read no answer."""


def text(answer: Any) -> str:
    """Read a text."""
    return str(answer.decode())


def texts(answer: Any) -> list[str]:
    """Read a list of texts."""
    return [text(each) for each in answer]
