"""Moves an account, with all its records, to another shard while everything runs.

First one call takes all its records out of the old shard (`worker/ledger/lua/shards/depart.lua`), as soon as
none of its paid calls is under way; from then on the old shard refuses calls for it. Then the records are
brought to the new shard part by part, the new shard is recorded as the account's, and its work begins there.
If this is killed anywhere, another run goes on: one call (`bring.lua`) brings a part and notes that it has
come, and no part is brought twice.

A step begins only when as many replicas have the step before it as must have a paid call. Otherwise a server
that takes over could have the account in two shards, or in none.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from config import durations, keys
from config.errors import IdentityWorkerError
from config.recorded.schema import standing
from config.settings import Settings
from config.shards import shard_of
from worker.ledger.library import ledger_library
from worker.shards.shards import Shards
from worker.store import replicas
from worker.store.functions import Command, Functions, flag, number, texts
from worker.store.namespaces import namespace_of

#: Briefs that an account may have on record to be moved: they leave in one call, in which the server answers
#: nobody for 0.1 s for each thousand at the most.
MOST = 20_000
_OLDER = "older"


class MoveError(IdentityWorkerError):
    """Raised when an account can't leave its shard now; says why, and what to do."""


class ForgottenError(MoveError):
    """Raised when a server that has taken over knows less of a move than the one before it did."""

    def __init__(self, shard: int) -> None:
        super().__init__(f"the server of shard {shard} was replaced in the middle of the move; run it again")


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


def settle(shards: Shards, known_by: int) -> None:
    """Record again where each moved account is, if a failover has forgotten it; raises redis.RedisError.

    That can happen without replicas, when a server is replaced.
    """
    shards.placement.read()
    for shard in shards.all:
        client = shards.client(shard)
        names: Any = client.smembers(keys.ACCOUNTS())
        for account in sorted(names):
            said = shards.of(account)
            _forget_way(shards, shard, account)
            has_begun = not client.exists(keys.LEFT(account), keys.LEAVING(account))
            if said != shard and has_begun and shards.client(said).get(keys.LEFT(account)) == str(shard):
                shards.placement.put(account, shard, known_by)


def _forget_way(shards: Shards, shard: int, account: str) -> None:
    """Forget how an account came to a shard, if its move ended and only that last call is missing.

    While an account comes, another shard has its parts. They are asked for after the note, since they are
    older.
    """
    way = keys.LEAVING(account)
    if shards.client(shard).exists(way) and not any(
        shards.client(each).hexists(way, "parts") for each in shards.all
    ):
        shards.client(shard).delete(way)


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
        way, placement = keys.LEAVING(move.account), self._shards.placement
        told: Any = source.hmget(way, "parts", "all", "name", "batches")
        served_after, last, name = int(told[0]), int(told[1]), str(told[2])
        is_served = not placement.is_at(move.account, move.source)
        # Where it has begun, and no note is left of how it came, it has ended here too; that was forgotten.
        assumed = served_after if is_served and target.sismember(keys.ACCOUNTS(), move.account) else 0
        self._bring(move, name, served_after, assumed)
        if not is_served:
            placement.put(move.account, move.target, self._replicas)
        self._bring(move, name, last, assumed)
        arrive = {"comer": move.account, "batches": json.loads(told[3])}
        Functions(target, self._library).run(Command("arrive", keys.ACCOUNTS(), flag, arrive))
        replicas.write(target, [_noted(way)], self._replicas)
        replicas.write(source, [("DEL", way), ("SREM", keys.ACCOUNTS(), move.account)], self._replicas)
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
            if standing(source.hgetall(keys.SCHEMA())).is_settled:  # type: ignore[arg-type]  # its answers are text
                answer, *what = functions.run(Command("depart", keys.LEAVING(move.account), texts, given))
            if answer == "left":
                self._confirm_left(move)
                return
            if answer not in ("busy", _OLDER) or time.monotonic() > until:
                where = f"account {move.account} can't leave shard {move.source}"
                raise MoveError(f"{where}: {_why(answer, what[0])}")
            self._pause(durations.MISSING_AGAIN_SECONDS)

    def _confirm_left(self, move: Move) -> None:
        """See that enough replicas know that it has left: one that does not would have it go on there."""
        way = keys.LEAVING(move.account)
        written = [("HEXISTS", way, "parts"), ("HSET", way, "to", move.target)]
        if not replicas.write(self._shards.client(move.source), written, self._replicas)[0]:
            raise ForgottenError(move.source)

    def _bring(self, move: Move, name: str, last: int, assumed: int) -> None:
        """Bring those of the parts up to the last that have not come yet, and see that replicas have them."""
        source, target = self._shards.client(move.source), self._shards.client(move.target)
        way, functions = keys.LEAVING(move.account), Functions(target, self._library)
        noted: Any = target.hget(way, name)
        for part in range(int(noted or assumed) + 1, last + 1):
            text: Any = source.execute_command("HGET", way, str(part), NEVER_DECODE=True)
            if text is None:
                raise ForgottenError(move.source)
            given = {"name": name, "part": part, "assumed": assumed, "namespace": namespace_of(target)}
            kept = {"comer": move.account, "kept_ms": durations.CLAIMED_KEPT_MS}
            if functions.run(Command("bring", way, number, given | kept, raw=(text,))) < part:
                raise ForgottenError(move.target)
        come = replicas.write(target, [("HGET", way, name), _noted(way)], self._replicas)[0]
        if int(come or assumed) < last:
            raise ForgottenError(move.target)


def _noted(way: str) -> tuple[Any, ...]:
    """Return a write of the note, which replicas tell that they have."""
    return ("PEXPIRE", way, durations.CLAIMED_KEPT_MS)


def _why(answer: str, what: str) -> str:
    if answer == _OLDER:
        return "what is on record there is being brought to the schema of this release; try again in a minute"
    if answer == "busy":
        return f"a paid call of {what} may be under way; try again"
    if answer == "shared":
        return f"batch {what} has a budget, and open briefs of other accounts: let it end first"
    return f"it has {what} briefs on record, and {MOST} can be moved at once: let older ones end (keep_days)"
