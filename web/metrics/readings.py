"""The figures of now or a moment ago: however many ask at once, the ledger is read once in a while."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import redis

from config import durations
from config.settings import Settings
from config.times import monotonic
from worker.callers.inlets import names
from worker.metrics.reading import Reading, read
from worker.metrics.standing import Reason, reasons
from worker.metrics.together import together
from worker.shards.merged import clients_of
from worker.store.findings import Finding
from worker.store.startup import unsafe


class Readings:
    """The last reading of all shards; threads may share it."""

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self._client, self._settings = client, settings
        self._lock = threading.Lock()
        self._last: tuple[float, float, Reading] | None = None

    def timed(self, fresh: float | None = None) -> tuple[float, Reading]:
        """Return how many seconds a reading took, and the reading, at most `fresh` seconds old.

        Without `fresh`, as old as monitoring may have it. Raises redis.RedisError.
        """
        most = durations.METRICS_FRESH_SECONDS if fresh is None else fresh
        with self._lock:
            if self._last is None or monotonic() - self._last[0] > most:
                began = time.perf_counter()
                inlets, clients = names(self._settings.inlets), clients_of(self._client)
                reading = together([read(client, self._settings, inlets) for client in clients])
                reading = replace(reading, unsafe=self._unsafe(clients))
                self._last = (monotonic(), time.perf_counter() - began, reading)
            return self._last[1:]

    def _unsafe(self, clients: Iterable["redis.Redis"]) -> Sequence[Finding]:
        """Return what is unsafe about the first shard that is unsafe: each may take a second to answer."""
        found = (unsafe(client, self._settings.replicas) for client in clients)
        return next(filter(None, found), ())

    def now(self, fresh: float | None = None) -> Reading:
        """Return a reading, as `timed` does."""
        return self.timed(fresh)[1]

    def reasons(self, reading: Reading) -> list[Reason]:
        """Return why the installation stands still, which is nothing where it does not."""
        return reasons(reading, round(self._settings.still_minutes * 60_000))
