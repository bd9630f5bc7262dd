"""A client that reads all shards as one: each command goes to every shard, and the answers become one.

A key is in one shard only, or each shard has a part of its set, list or number. Only the commands named here
can be merged, and they only read: a command that writes goes to the one shard that it concerns.
"""

import time
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, TypeVar, cast

import redis
from redis.commands import CoreCommands

from config import keys
from config.errors import IdentityWorkerError
from worker.ledger.records import brief_subject
from worker.shards.cursors import Cursor
from worker.shards.placement import home
from worker.store.connection import encoded

T = TypeVar("T")
Words = tuple[Any, ...]
Options = dict[str, Any]
#: Ms that one shard's events are waited for before those of the next one are.
_TURN_MS = 50


class OneShardError(IdentityWorkerError):
    """Raised when a command is for one shard only; names it."""


def _first(answers: Sequence[Any]) -> Any:
    return answers[0]


def _found(answers: Sequence[Any]) -> Any:
    return next((each for each in answers if each is not None), None)


def _joined(answers: Sequence[Any]) -> Any:
    return list(chain.from_iterable(answers))


def _united(answers: Sequence[Any]) -> Any:
    return set[Any]().union(*answers)


def _mapped(answers: Sequence[Any]) -> Any:
    return {name: value for each in answers for name, value in each.items()}


def _by_place(answers: Sequence[Any]) -> Any:
    return [_found(each) for each in zip(*answers, strict=True)]


_MERGED: dict[str, Callable[[Sequence[Any]], Any]] = {
    **dict.fromkeys(("TIME", "PING"), _first),
    **dict.fromkeys(("GET", "HGET", "ZSCORE"), _found),
    **dict.fromkeys(("ZCARD", "ZCOUNT", "LLEN", "HLEN", "EXISTS"), sum),
    "HEXISTS": any,
    **dict.fromkeys(("HVALS", "HKEYS", "LRANGE"), _joined),
    **dict.fromkeys(("HMGET", "ZMSCORE"), _by_place),
    "SMEMBERS": _united,
    "HGETALL": _mapped,
}


class _Ranged:
    """A ZRANGE from the beginning: asked of each shard with its scores, merged by them, cut again."""

    def __init__(self, words: Words, options: Options) -> None:
        self._is_falling = words[0] == "ZREVRANGE" or "REV" in words
        self._with_scores = "WITHSCORES" in words
        asked = list(words)
        if "LIMIT" in asked:
            at = asked.index("LIMIT")
            self._cut = slice(int(asked[at + 1]), int(asked[at + 1]) + int(asked[at + 2]))
            asked[at + 1 : at + 3] = [0, self._cut.stop]
        elif "BYSCORE" in asked:
            self._cut = slice(None)
        elif int(asked[2]) == 0 and int(asked[3]) >= -1:
            self._cut = slice(None if int(asked[3]) == -1 else int(asked[3]) + 1)
        else:
            raise OneShardError(f"{words[0]} from {asked[2]} to {asked[3]} can be read of one shard only")
        self.words: Words = (*asked,) if self._with_scores else (*asked, "WITHSCORES")
        self.options = {"score_cast_func": float, **options, "withscores": True}

    def merged(self, answers: Sequence[Any]) -> Any:
        """Return what a single shard with all the data would have answered."""
        found = sorted(chain.from_iterable(answers), key=_order, reverse=self._is_falling)[self._cut]
        return found if self._with_scores else [member for member, _ in found]


def _order(member: tuple[str, float]) -> tuple[float, bytes]:
    return member[1], encoded(member[0])


def _asked(words: Words, options: Options) -> tuple[Words, Options, Callable[[Sequence[Any]], Any]]:
    """Return what to ask of each shard, and what makes one answer of theirs; raises OneShardError."""
    if words[0] in ("ZRANGE", "ZREVRANGE"):
        ranged = _Ranged(words, options)
        return ranged.words, ranged.options, ranged.merged
    if words[0] not in _MERGED:
        raise OneShardError(f"{words[0]} can be asked of one shard only")
    return words, options, _MERGED[words[0]]


class _Pipeline(CoreCommands):
    """Commands that go to every shard together."""

    def __init__(self, clients: Sequence["redis.Redis"], *, transaction: bool) -> None:
        self._clients = clients
        self._transaction = transaction
        self._asked: list[tuple[Words, Options, Callable[[Sequence[Any]], Any]]] = []

    def __enter__(self) -> "_Pipeline":
        return self

    def __exit__(self, *_: object) -> None:
        self._asked = []

    def execute_command(self, *words: Any, **options: Any) -> "_Pipeline":
        """Note a command; raises OneShardError."""
        self._asked.append(_asked(words, options))
        return self

    def execute(self) -> list[Any]:
        """Send the commands; return their answers. Raises redis.RedisError."""
        answers = [self._answers(client) for client in self._clients]
        together = zip(self._asked, zip(*answers, strict=True), strict=True)
        return [merged(each) for (_, _, merged), each in together]

    def _answers(self, client: "redis.Redis") -> list[Any]:
        with client.pipeline(transaction=self._transaction) as pipe:
            for words, options, _ in self._asked:
                pipe.execute_command(*words, **options)
            found: list[Any] = pipe.execute()
            return found


class Merged(CoreCommands):
    """The client over those of all shards, in their order; closing them is their owner's matter."""

    def __init__(self, clients: Sequence["redis.Redis"]) -> None:
        self.clients = [*clients]

    def pipeline(self, transaction: bool = True) -> _Pipeline:  # as redis-py's
        """Return a pipeline to all shards; its transaction is one of each shard by itself."""
        return _Pipeline(self.clients, transaction=transaction)  # type: ignore[abstract]  # of redis-py's own

    def execute_command(self, *words: Any, **options: Any) -> Any:
        """Send a command; return the merged answer. Raises OneShardError, and redis.RedisError."""
        # redis-py writes some words as bytes.
        words = tuple(each.decode() if isinstance(each, bytes) else each for each in words)
        if words[0] == "XREAD":
            return self._events(words)
        if words[0] == "XREVRANGE":
            return self._last_events(words, options)
        asked, options, merged = _asked(words, options)
        return merged([client.execute_command(*asked, **options) for client in self.clients])

    def _events(self, words: Words) -> Any:
        """Read a stream of each shard from a cursor on; wait for the first of them to have something."""
        given = dict(zip(words[1:-3:2], words[2:-3:2], strict=True))
        key, cursor = words[-2], Cursor.read(str(words[-1]), len(self.clients))
        most = int(given.get("COUNT", 0))
        found = self._read(key, cursor, most, 0)
        end = time.monotonic() + int(given.get("BLOCK", 0)) / 1000
        while not found and (left := end - time.monotonic()) > 0:
            found = self._read(key, cursor, most, max(1, min(_TURN_MS, round(left * 1000))))
        return [[key, cursor.through(found, most or None)]] if found else []

    def _read(self, key: str, cursor: Cursor, most: int, block_ms: int) -> list[tuple[int, Any]]:
        """Read of each shard; of each in turn wait so long while none has anything."""
        found: list[tuple[int, Any]] = []
        for shard, client in enumerate(self.clients):
            block = None if found or not block_ms else block_ms
            streams: Any = client.xread({key: cursor.of[shard]}, count=most or None, block=block)
            found += [(shard, entry) for _, entries in streams for entry in entries]
        return found

    def _last_events(self, words: Words, options: Options) -> Any:
        """Return the newest entry of all, under the cursor that is behind the newest of each shard."""
        if (*map(str, words[2:]),) != ("+", "-", "COUNT", "1"):
            raise OneShardError(f"{words[0]} can be asked of one shard only, but for the newest entry")
        lasts = [client.execute_command(*words, **options) for client in self.clients]
        newest = max((entries[0] for entries in lasts if entries), default=None, key=Cursor.order)
        cursor = Cursor([str(entries[0][0]) if entries else "0" for entries in lasts])
        return [] if newest is None else [(str(cursor), newest[1])]


def merged(clients: Sequence["redis.Redis"]) -> "redis.Redis":
    """Return a client that reads all shards as one; with one shard, its own client, which also writes."""
    return clients[0] if len(clients) == 1 else cast("redis.Redis", Merged(clients))  # type: ignore[abstract]  # of redis-py's own


def clients_of(client: "redis.Redis") -> "list[redis.Redis]":
    """Return the clients of the shards that one reads, in their order."""
    return client.clients if isinstance(client, Merged) else [client]


def home_of(client: "redis.Redis", account: str) -> "redis.Redis":
    """Return the client of the shard that an account lives in."""
    clients = clients_of(client)
    return clients[0] if len(clients) == 1 else clients[home(clients[0], account, len(clients))]


def holder_of(client: "redis.Redis", brief_id: str) -> "redis.Redis":
    """Return the client of the shard that has a brief, of the first where none has.

    Raises redis.RedisError.
    """
    first, *others = clients_of(client)
    if not others:
        return first
    record = keys.RECORD(brief_subject(brief_id))
    return next((each for each in (first, *others) if each.exists(record)), first)


def at_each(client: "redis.Redis", make: "Callable[[redis.Redis], T]") -> Callable[[str], T]:
    """Return a function from a brief to an object of its shard; `make` makes one object for each shard."""
    made: dict[int, T] = {}

    def of(brief_id: str) -> T:
        its = holder_of(client, brief_id)
        if id(its) not in made:
            made[id(its)] = make(its)
        return made[id(its)]

    return of
