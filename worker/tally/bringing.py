"""Brings what this process counts to Redis, every few seconds: one round trip, none if nothing happened.

A process that is killed loses what it has counted since. If the answer of Redis is lost, the counts are not
sent again: a figure may then be too low, and is never too high.
"""

import threading
from collections.abc import Mapping

import redis

from config import durations, keys, logs
from config.logs import Trouble
from worker.tally.tally import TALLY, Tally

log = logs.get("tally")


class Bringing:
    """The thread that brings a process's counts."""

    def __init__(self, client: "redis.Redis", tally: Tally = TALLY) -> None:
        self._client = client
        self._tally = tally
        self._over = threading.Event()
        self._trouble = Trouble(log, "tally.not_brought")
        self._thread = threading.Thread(target=self._run, name="tally", daemon=True)

    def start(self) -> None:
        """Count from now on."""
        self._tally.is_open = True
        self._thread.start()

    def end(self) -> None:
        """Bring the rest, and count no more."""
        self._over.set()
        self._thread.join(durations.DRAIN_GRACE_SECONDS)
        self._tally.is_open = False

    def _run(self) -> None:
        over = False
        while not over:
            over = self._over.wait(durations.TALLY_SECONDS)
            try:
                bring(self._client, self._tally.take())
            except redis.RedisError as error:
                self._trouble.met(error=str(error))


def bring(client: "redis.Redis", counts: Mapping[str, float]) -> None:
    """Add counts to those of all processes; raises redis.RedisError."""
    if not counts:
        return
    with client.pipeline(transaction=True) as pipe:
        for field, number in counts.items():
            if isinstance(number, int):
                pipe.hincrby(keys.TALLY(), field, number)
            else:
                pipe.hincrbyfloat(keys.TALLY(), field, number)
        pipe.execute()
