"""With several shards: which account a brief's id belongs to. An id is one brief over all shards.

The account that has an id is on record in the shard that follows from the id. A brief is on record in that of
its account; one that has never cost anything gives way to another account's, as it would within a shard.
As many replicas know whose an id is as are to know of a paid call: a server that was replaced without it
would give the id to a second brief.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import redis

from config import durations, keys
from config.settings import Settings
from config.shards import shard_of
from worker.ledger.library import ledger_library
from worker.ledger.records import brief_subject
from worker.shards.shards import Shards
from worker.store import replicas
from worker.store.functions import Command, Functions, text, texts

T = TypeVar("T")
#: Briefs whose accounts are read at once.
_PAGE = 500


class Ids:
    """The ids of an installation; without shards nothing is asked, as each ledger knows its own."""

    def __init__(self, shards: Shards, settings: Settings) -> None:
        self._shards = shards
        self._library = ledger_library(settings)
        self._replicas = settings.replicas

    def held_by_another(self, brief_id: str, account: str, inlet: str | None = None) -> str | None:
        """Give an id to an account; if it stays another account's, return the state of that account's brief.

        What comes by a further inlet takes no id of what came otherwise. Raises redis.RedisError;
        TooFewReplicasError where a failover may forget whose it is: asked again, all of it is done again.
        """
        if self._shards.count == 1:
            return None
        keeper = shard_of(brief_id, self._shards.count)
        holder, had_ms = self._change(keeper, _claim_id(brief_id, account))
        if holder == account:
            return None
        state = self._change(self._shards.of(holder), _give_way(brief_id, inlet))
        # One that is not on record is on its way there, or was kept for as long as it should be.
        if state == "none" and had_ms < durations.CLAIMED_KEPT_MS:
            return "accepted"
        if state not in ("none", "free"):
            return state
        holder, _ = self._change(keeper, _claim_id(brief_id, account, instead_of=holder))
        return None if holder == account else "accepted"

    def note_all(self) -> None:
        """Record for each brief to which account its id belongs: without shards, this was not recorded.

        Raises redis.RedisError.
        """
        for shard in self._shards.all:
            client = self._shards.client(shard)
            for kept in (keys.UNFINISHED(), keys.FINISHED()):
                ids: Any = client.zrange(kept, 0, -1)
                for start in range(0, len(ids), _PAGE):
                    self._note(client, ids[start : start + _PAGE])

    def _note(self, client: "redis.Redis", ids: Sequence[str]) -> None:
        with client.pipeline(transaction=False) as pipe:
            for brief_id in ids:
                pipe.hget(keys.RECORD(brief_subject(brief_id)), "account")
            accounts = pipe.execute()
        for brief_id, account in zip(ids, accounts, strict=True):
            if account is not None:
                self._change(shard_of(brief_id, self._shards.count), _claim_id(brief_id, account))

    def home_of(self, brief_id: str) -> int | None:
        """Return a brief's shard, None if its id belongs to no account. Raises redis.RedisError."""
        keeper = self._shards.client(shard_of(brief_id, self._shards.count))
        found: Any = keeper.get(keys.HOME(brief_id))
        return None if found is None else self._shards.of(found.partition(" ")[2])

    def _change(self, shard: int, command: Command[T]) -> T:
        functions = Functions(self._shards.client(shard), self._library)
        return replicas.confirmed(functions, command, self._replicas)


def _claim_id(brief_id: str, account: str, instead_of: str | None = None) -> Command[tuple[str, int]]:
    given = {"id": brief_id, "holder": account, "instead_of": instead_of}
    return Command("claim_id", keys.HOME(brief_id), _read_holder, given)


def _give_way(brief_id: str, inlet: str | None = None) -> Command[str]:
    given = {"id": brief_id, "inlet": inlet}
    return Command("give_way", keys.RECORD(brief_subject(brief_id)), text, given)


def _read_holder(answer: object) -> tuple[str, int]:
    holder, had_ms = texts(answer)
    return holder, int(had_ms)
