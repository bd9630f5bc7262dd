"""Function libraries: how Lua files become one, how it is called, loaded when it is missing, and removed.

A library is the tables that Python and Lua share, `lua/entry.lua`, the modules in the order of their arrows,
and a function for each command's file. Its name ends with the digest of all that: different versions, and
installations with different settings, work side by side on one server. A server can lose a library at any
time (a restart without persistence, FUNCTION FLUSH, a failover): a call that does not find its function has
done nothing, so the library is loaded and the call repeated.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import redis
import redis.asyncio

from config import durations, keys
from config.times import monotonic, redis_ms
from worker.store.outages import lacks_function

T = TypeVar("T", covariant=True)

#: What the names of our libraries begin with.
PREFIX = "identity_worker_"
#: Loads of a library that vanishes again and again, for one call.
_LOADS = 10
_ENTRY = Path(__file__).parent / "lua" / "entry.lua"


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


class Library:
    """A library: its name, with its digest, and its whole text."""

    def __init__(self, name: str, code: str) -> None:
        self.name = name
        self.code = code
        self._touched = monotonic()

    def is_due(self) -> bool:
        """Return whether this process should say once more that it uses the library; it is taken to do so."""
        is_due = monotonic() - self._touched > durations.LIBRARY_TOUCHED_SECONDS
        if is_due:
            self._touched = monotonic()
        return is_due

    def call(self, command: Command[Any], now: int | None = None) -> tuple[str | int | bytes, ...]:
        """Return the words of the call, as they are sent to Redis; `now` in ms only in simulations."""
        given = {name: value for name, value in command.arguments.items() if value is not None}
        text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
        function = f"{self.name}_{command.name}"
        return ("FCALL", function, 1, command.key, "" if now is None else now, text, *command.raw)


class Functions:
    """The functions of a library over one Redis client."""

    def __init__(self, client: "redis.Redis", library: Library) -> None:
        self._client = client
        self._library = library

    def run(self, command: Command[T], now: int | None = None) -> T:
        """Call a function; `now` in ms only in simulations. Raises redis.RedisError."""
        if self._library.is_due():
            self._touch()
        call = self._library.call(command, now)
        for _ in range(_LOADS):
            try:
                return command.read(self._ask(*call))
            except redis.ResponseError as error:
                if not lacks_function(error):
                    raise
            self.load()
        return command.read(self._ask(*call))

    def load(self) -> None:
        """Load the library, unless the server has it."""
        self._touch()
        try:
            self._ask("FUNCTION LOAD", self._library.code)
        except redis.ResponseError as error:
            if not _has_it(error):
                raise

    def _touch(self) -> None:
        """Put on record that the library is used, and remove those that nobody uses."""
        with suppress(redis.ResponseError):  # of a right that is missing the call will tell
            now = redis_ms(self._client.time())
            self._client.zadd(keys.LIBRARIES(), {self._library.name: now})
            for name in self._ask(
                "ZRANGEBYSCORE", keys.LIBRARIES(), "-inf", now - durations.LIBRARY_UNUSED_MS
            ):
                with suppress(redis.ResponseError):  # another process was first
                    self._ask("FUNCTION DELETE", name)
                self._client.zrem(keys.LIBRARIES(), name)

    def _ask(self, *words: str | int | bytes) -> Any:
        return self._client.execute_command(*words, NEVER_DECODE=True)  # type: ignore[no-untyped-call]


class AsyncFunctions:
    """The same over an asyncio client."""

    def __init__(self, client: "redis.asyncio.Redis", library: Library) -> None:
        self._client = client
        self._library = library

    async def run(self, command: Command[T], now: int | None = None) -> T:
        """Call a function; `now` in ms only in simulations. Raises redis.RedisError."""
        if self._library.is_due():
            await self._touch()
        call = self._library.call(command, now)
        for _ in range(_LOADS):
            try:
                return command.read(await self._ask(*call))
            except redis.ResponseError as error:
                if not lacks_function(error):
                    raise
            await self._load()
        return command.read(await self._ask(*call))

    async def _load(self) -> None:
        await self._touch()
        try:
            await self._ask("FUNCTION LOAD", self._library.code)
        except redis.ResponseError as error:
            if not _has_it(error):
                raise

    async def _touch(self) -> None:
        with suppress(redis.ResponseError):
            now = redis_ms(await self._client.time())
            await self._client.zadd(keys.LIBRARIES(), {self._library.name: now})
            for name in await self._ask(
                "ZRANGEBYSCORE", keys.LIBRARIES(), "-inf", now - durations.LIBRARY_UNUSED_MS
            ):
                with suppress(redis.ResponseError):
                    await self._ask("FUNCTION DELETE", name)
                await self._client.zrem(keys.LIBRARIES(), name)

    async def _ask(self, *words: str | int | bytes) -> Any:
        return await self._client.execute_command(*words, NEVER_DECODE=True)  # type: ignore[no-untyped-call]


def _has_it(error: redis.ResponseError) -> bool:
    return "already exists" in str(error)


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


def library(title: str, folder: Path, modules: Sequence[str], tables: Mapping[str, Any]) -> Library:
    """Put a library together: `title` names it, the modules stand in `folder`/lib, the commands in `folder`.

    `tables` are known to all of them under their names.
    """
    shared = "\n".join(f"local {name} = {_lua(table)}" for name, table in tables.items())
    return _library(title, folder, tuple(modules), shared)


@cache
def _library(title: str, folder: Path, modules: tuple[str, ...], shared: str) -> Library:
    parts = [
        shared,
        _read(_ENTRY),
        *(f"local {name} = (function()\n{_read(folder / 'lib' / f'{name}.lua')}end)()" for name in modules),
        *(_registered(path) for path in sorted(folder.glob("*.lua"))),
    ]
    body = "\n".join(parts)
    name = f"{PREFIX}{title}_{hashlib.sha256(body.encode()).hexdigest()[:12]}"
    return Library(name, f"#!lua name={name}\nlocal LIBRARY = '{name}'\n{body}\n")


def _registered(path: Path) -> str:
    """Return a command's file as a function, with the flag of Redis that its header may name."""
    body = _read(path)
    flags = [line.split()[2] for line in body.splitlines() if line.startswith("-- Flag: ")]
    return f"register('{path.stem}', {_lua(flags)}, function(A, ...)\n{body}end)"


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _lua(value: Any) -> str:
    """Write a Python value as a Lua literal."""
    if isinstance(value, dict):
        return "{" + ",".join(f"[{_lua(k)}]={_lua(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list | tuple):
        return "{" + ",".join(map(_lua, value)) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else json.dumps(str(value))
