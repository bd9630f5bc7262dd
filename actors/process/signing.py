"""Gives signs of life for `identity-worker healthy`; workers and listeners have their own way.

A thread of its own says it, but not while the loop that it is to watch stands still.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Literal

import redis

from config import durations, keys, logs, processes
from config.logs import Trouble
from config.times import monotonic, redis_ms
from worker.store.connection import connect

log = logs.get("process")

Role = Literal["web", "archive", "deliver"]
#: Seconds for which an event loop may be blocked until its process counts as dead.
_SILENT_SECONDS = 5.0


class Signing:
    """The sign of life of one process."""

    def __init__(self, url: str, role: Role) -> None:
        self._url = url
        self._name = f"{role} {processes.sign()}"
        self._came_round: float | None = None
        self._over = threading.Event()
        self._trouble = Trouble(log, "process.not_signed")
        self._thread = threading.Thread(target=self._run, name="signing", daemon=True)

    def start(self) -> None:
        """Give signs of life from now on."""
        self._thread.start()

    def end(self) -> None:
        """Sign out."""
        self._over.set()
        self._thread.join(durations.DRAIN_GRACE_SECONDS)

    async def watch(self) -> None:
        """Run in the event loop until cancelled: while the loop stands still, no sign of life is given."""
        while True:
            self._came_round = monotonic()
            await asyncio.sleep(durations.TEND_AGAIN_SECONDS)

    def _lives(self) -> bool:
        return self._came_round is None or monotonic() - self._came_round < _SILENT_SECONDS

    def _run(self) -> None:
        with connect(self._url) as client:
            while not self._over.is_set():
                self._try(client, self._sign)
                self._over.wait(durations.TEND_AGAIN_SECONDS)
            self._try(client, self._sign_out)

    def _try(self, client: "redis.Redis", said: "Callable[[redis.Redis], None]") -> None:
        try:
            said(client)
        except redis.RedisError as error:
            self._trouble.met(error=str(error))

    def _sign(self, client: "redis.Redis") -> None:
        if self._lives():
            now = redis_ms(client.time())
            client.zadd(keys.SIGNS(), {self._name: now})
            client.zremrangebyscore(keys.SIGNS(), "-inf", now - durations.HEARTBEAT_DEAD_MS)

    def _sign_out(self, client: "redis.Redis") -> None:
        client.zrem(keys.SIGNS(), self._name)
