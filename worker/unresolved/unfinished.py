"""The unfinished briefs of each account, from the list of all: read once for all accounts, not once for each.

After a server has forgotten something every account looks back, and each has to know all of its own briefs.
What was read for others before is believed where it is as many as the ledger counts: a brief that came back
among the unfinished since, by a retry, is counted and was not read.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import redis

from config import keys
from config.times import monotonic
from worker.ledger.records import brief_subject

#: Briefs that are read in one call.
_AT_ONCE = 500
#: Briefs of an account that are counted in one transaction; of more, all are read anew: few have so many.
_MOST = 5_000


class Unfinished:
    """What one process has read, shared by its threads. Every method raises redis.RedisError."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._lock = threading.Lock()
        self._of: dict[str, dict[str, None]] = {}
        """By account: its briefs, the oldest first."""
        self._up_to = 0
        """When the newest brief was accepted that was read; ms by Redis' clock."""
        self._read_at: float | None = None
        self.passes = 0
        """How often all of them were read."""

    def of(self, account: str, states: Sequence[str]) -> list[str]:
        """Return an account's unfinished briefs: all that are in these states, and some in others."""
        asked_at = monotonic()
        with self._lock:
            if self._read_at is None:
                self._read_all()
            else:
                self._read_new()
            ids = list(self._of.get(account, ()))
            read_meanwhile = self._read_at is not None and self._read_at >= asked_at
            if not read_meanwhile and not self._are_all(account, ids, states):
                self._read_all()
                ids = list(self._of.get(account, ()))
            return ids

    def forget(self, account: str) -> None:
        """Let go of what is known of an account: it has looked back."""
        with self._lock:
            self._of.pop(account, None)

    def _read_all(self) -> None:
        self._of, self._up_to = {}, 0
        began = monotonic()
        self._read_new()
        self._read_at = began
        self.passes += 1

    def _read_new(self) -> None:
        """Read those that were accepted since, and those of the same ms once more."""
        found: Any = self._client.zrangebyscore(keys.UNFINISHED(), self._up_to, "+inf", withscores=True)
        for first in range(0, len(found), _AT_ONCE):
            some = found[first : first + _AT_ONCE]
            accounts = self._accounts(brief_id for brief_id, _ in some)
            for (brief_id, score), account in zip(some, accounts, strict=True):
                if account is not None:
                    self._of.setdefault(account, {})[brief_id] = None
                self._up_to = max(self._up_to, int(score))

    def _accounts(self, ids: Iterable[str]) -> list[str | None]:
        with self._client.pipeline(transaction=False) as pipe:
            for brief_id in ids:
                pipe.hget(keys.RECORD(brief_subject(brief_id)), "account")
            return pipe.execute()

    def _are_all(self, account: str, ids: Sequence[str], states: Sequence[str]) -> bool:
        """Return whether no brief in these states is missing, by what the ledger counts of the account."""
        if len(ids) > _MOST:
            return False
        with self._client.pipeline(transaction=True) as pipe:
            pipe.hgetall(keys.COUNTS(account))
            for brief_id in ids:
                pipe.hmget(keys.RECORD(brief_subject(brief_id)), "account", "state", "counted")
            counts, *records = pipe.execute()
        counted = sum(int(many) for place, many in counts.items() if place.partition(":")[0] in states)
        # What an older version has put on record is not counted before its next move.
        known = sum(owner == account and state in states and bool(as_) for owner, state, as_ in records)
        return bool(known == counted)
