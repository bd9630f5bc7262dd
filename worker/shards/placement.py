"""Which shard an account is in: the one that follows from its name, unless the account was moved.

It follows from the name and the number of shards that there were at first, also for accounts that are added
later. The first shard records this number, and the shard of each account that was moved.
"""

import time
from typing import Any

import redis

from config import durations, keys
from config.shards import shard_of
from worker.store import replicas

#: Fields of the record: the number, and of an account where it lives.
COUNT, AT = "count", "at:"


class Placement:
    """The record of which account is in which shard; a question reads it again if it is some seconds old."""

    def __init__(self, first: "redis.Redis", shards: int) -> None:
        """Ask the first shard; `shards` is their number where none is on record."""
        self._first = first
        self._shards = shards
        self._read_at = float("-inf")
        self._count = shards
        self._moved: dict[str, int] = {}

    def of(self, account: str) -> int:
        """Return the shard that an account lives in; raises redis.RedisError."""
        if self._shards == 1:
            return 0
        if time.monotonic() > self._read_at + durations.ACCOUNTS_LOOK_SECONDS:
            try:
                self.read()
            except redis.RedisError:
                if self._read_at == float("-inf"):
                    raise  # else what was known serves: whoever has moved is refused where it was
        return self._moved.get(account, shard_of(account, self._count))

    def is_at(self, account: str, shard: int) -> bool:
        """Return whether an account lives in a shard now; raises redis.RedisError."""
        self.read()
        return self.of(account) == shard

    def read(self) -> None:
        """Read the record now; raises redis.RedisError."""
        found: Any = self._first.hgetall(keys.SHARDS())
        self._count = int(found.get(COUNT, self._shards))
        moved = {name: int(shard) for name, shard in found.items() if name.startswith(AT)}
        self._moved = {name.removeprefix(AT): shard for name, shard in moved.items()}
        self._read_at = time.monotonic()

    def put(self, account: str, shard: int, known_by: int) -> None:
        """Record an account's new shard; wait for enough replicas to have that. Raises redis.RedisError."""
        replicas.write(self._first, [("HSET", keys.SHARDS(), AT + account, shard)], known_by)
        self.read()


def home(first: "redis.Redis", account: str, shards: int) -> int:
    """Return the shard that an account lives in now; raises redis.RedisError."""
    found: Any = first.hmget(keys.SHARDS(), COUNT, AT + account)
    return int(found[1]) if found[1] is not None else shard_of(account, int(found[0] or shards))
