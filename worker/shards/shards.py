"""The shards of an installation: which one an account lives in, and a client of each."""

import threading
from functools import cached_property
from typing import TYPE_CHECKING

import redis

from config.shards import namespace_of
from worker.shards.merged import merged
from worker.shards.placement import Placement
from worker.store.connection import connect

if TYPE_CHECKING:
    from config.settings import Settings


class Shards:
    """The shards on one address of Redis; a client is made when it is first asked for. Threads may share it.

    An installation without shards has one, whose keys are those of its namespace.
    """

    def __init__(self, url: str, namespace: str, count: int = 1, served: int | None = None) -> None:
        self._url = url
        self._namespace = namespace
        self._lock = threading.Lock()
        self._clients: dict[int, redis.Redis] = {}
        self.count = count
        self.served = served
        """The one that this process serves, None of one that serves all."""

    def __enter__(self) -> "Shards":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def all(self) -> list[int]:
        """Return those that this process serves, or reads."""
        return [*range(self.count)] if self.served is None else [self.served]

    @cached_property
    def placement(self) -> Placement:
        """Return where accounts live."""
        return Placement(self.client(0), self.count)

    @property
    def reading(self) -> "redis.Redis":
        """Return a client that reads all of them as one, and changes nothing where there are several."""
        return merged([self.client(shard) for shard in self.all])

    def of(self, account: str) -> int:
        """Return the shard that an account lives in; raises redis.RedisError."""
        return self.placement.of(account)

    def serves(self, account: str) -> bool:
        """Return whether this process serves the shard of an account; raises redis.RedisError."""
        return self.served in (None, self.of(account))

    def elsewhere(self, account: str) -> int | None:
        """Return the shard of an account that lives in none which this process serves, else None."""
        if self.served is None:
            return None
        found = self.of(account)
        return None if found == self.served else found

    def client(self, shard: int) -> "redis.Redis":
        """Return a client of a shard, whose answers are text."""
        with self._lock:
            if shard not in self._clients:
                self._clients[shard] = connect(self._url, namespace_of(self._namespace, shard))
            return self._clients[shard]

    def close(self) -> None:
        """Close all clients."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()


def shards_of(url: str, settings: "Settings") -> Shards:
    """Return the shards that the settings tell of."""
    return Shards(url, settings.namespace, settings.shards, settings.shard)
