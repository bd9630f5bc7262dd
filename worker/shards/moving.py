"""Moves an account to another shard while everything runs, with all that is on record of it.

First all of it leaves its shard in one call (`worker/ledger/lua/shards/depart.lua`), as soon as no paid call
of it is under way; from then on whoever takes it for one of that shard is refused. Then it comes to the other
one part by part, is said to live there, and begins. Killed anywhere, another run goes on: a part and the note
that it has come are one transaction, and what has come is not brought again.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import redis

from config import durations, keys
from config.errors import IdentityWorkerError
from config.recorded.schema import standing
from config.settings import Settings
from config.shards import shard_of
from worker.ledger.library import ledger_library
from worker.shards.shards import Shards
from worker.store import replicas
from worker.store.functions import Command, Functions, flag, texts
from worker.store.namespaces import namespace_of

#: Briefs that an account may have on record to be moved: they leave in one call, in which the server answers
#: nobody for 0.1 s for each thousand at the most.
MOST = 20_000
_OLDER = "older"


class MoveError(IdentityWorkerError):
    """Raised when an account can't leave its shard now; says why, and what to do."""


class Move(NamedTuple):
    """An account that is to live in another shard."""

    account: str
    source: int
    target: int


def planned(shards: Shards) -> Iterator[Move]:
    """Yield the moves by which each account comes to live where its name says, by the present number.

    Those that were begun before come first. Raises redis.RedisError.
    """
    found: list[Move] = []
    for source in shards.all:
        client = shards.client(source)
        names: Any = client.smembers(keys.ACCOUNTS())
        for account in sorted(names):
            begun: Any = client.hget(keys.LEAVING(account), "to")
            if begun is not None:
                yield Move(account, source, int(begun))
            elif not client.exists(keys.LEFT(account)) and shard_of(account, shards.count) != source:
                found.append(Move(account, source, shard_of(account, shards.count)))
    yield from found


class Moving:
    """Moves accounts; `pause` waits between two tries of one whose calls are under way."""

    def __init__(
        self, shards: Shards, settings: Settings, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._shards = shards
        self._replicas = settings.replicas
        self._library = ledger_library(settings)
        self._pause = pause

    def move(self, move: Move, patience: float) -> None:
        """Move an account, or go on with that; wait so many seconds for its calls.

        Raises MoveError, and redis.RedisError.
        """
        self._leave(move, patience)
        source, target = self._shards.client(move.source), self._shards.client(move.target)
        way = keys.LEAVING(move.account)
        told: Any = source.hmget(way, "parts", "all", "name", "batches")
        served_after, last, name = int(told[0]), int(told[1]), str(told[2])
        if self._shards.placement.is_at(move.account, move.source):
            self._bring(move, range(1, served_after + 1), name)
            self._confirm(target, way)
            self._shards.placement.put(move.account, move.target)
        self._bring(move, range(served_after + 1, last + 1), name)
        arrive = {"comer": move.account, "batches": json.loads(told[3])}
        Functions(target, self._library).run(Command("arrive", keys.ACCOUNTS(), flag, arrive))
        self._confirm(target, way)
        with source.pipeline(transaction=True) as pipe:
            pipe.delete(way)
            pipe.srem(keys.ACCOUNTS(), move.account)
            pipe.execute()
        target.delete(way)

    def _leave(self, move: Move, patience: float) -> None:
        source = self._shards.client(move.source)
        functions = Functions(source, self._library)
        before = len(namespace_of(self._shards.client(move.source)))
        given = {"leaver": move.account, "to": str(move.target), "most": MOST, "before": before}
        until = time.monotonic() + patience
        while True:
            answer, *what = [_OLDER, ""]
            # What has not been brought to the schema of this release would never be, in a ledger that has.
            if standing(source.hgetall(keys.SCHEMA())).is_settled:  # type: ignore[arg-type]
                answer, *what = functions.run(Command("depart", keys.LEAVING(move.account), texts, given))
            if answer == "left":
                return
            if answer not in ("busy", _OLDER) or time.monotonic() > until:
                where = f"account {move.account} can't leave shard {move.source}"
                raise MoveError(f"{where}: {_why(answer, what[0])}")
            self._pause(durations.MISSING_AGAIN_SECONDS)

    def _bring(self, move: Move, parts: range, name: str) -> None:
        """Bring those of the parts that have not come yet."""
        source, target = self._shards.client(move.source), self._shards.client(move.target)
        way = keys.LEAVING(move.account)
        come: Any = target.hget(way, name)
        for part in parts:
            if part > int(come or 0):
                text: Any = source.execute_command("HGET", way, str(part), NEVER_DECODE=True)  # type: ignore[no-untyped-call]
                noted = [("HSET", way, name, part), ("PEXPIRE", way, durations.CLAIMED_KEPT_MS)]
                with target.pipeline(transaction=True) as pipe:
                    for words in (*_steps(text), *noted):
                        pipe.execute_command(*words)  # type: ignore[no-untyped-call]
                    pipe.execute()

    def _confirm(self, target: "redis.Redis", way: str) -> None:
        """See that as many replicas have it as are to know of a paid call: a failover would lose it."""
        replicas.write(target, [("PEXPIRE", way, durations.CLAIMED_KEPT_MS)], self._replicas)


def _steps(text: bytes) -> list[tuple[Any, ...]]:
    """Return the commands of a part; each of its characters is one byte of what Redis had."""
    found: list[list[str]] = json.loads(text.decode("latin-1"))
    return [(command, *(word.encode("latin-1") for word in words)) for command, *words in found]


def _why(answer: str, what: str) -> str:
    if answer == _OLDER:
        return "what is on record there is being brought to the schema of this release; try again in a minute"
    if answer == "busy":
        return f"a paid call of {what} may be under way; try again"
    if answer == "shared":
        return f"batch {what} has a budget, and open briefs of other accounts: let it end first"
    return f"it has {what} briefs on record, and {MOST} can be moved at once: let older ones end (keep_days)"
