"""Wakes whatever is due: steps of records, accounts, counts of their libraries.

Any number of listeners do this at once: a timer is taken by whoever comes first.
"""

import asyncio
from contextlib import suppress

import redis
import redis.asyncio

from actors.listener.tasks import stopping
from config import durations, keys, logs
from config.logs import Trouble
from config.times import backoff
from worker.ledger import commands
from worker.store.functions import AsyncFunctions

log = logs.get("timers")

#: Timers that one call may wake.
AT_ONCE = 100


class Timers:
    """Two tasks: one sleeps until the next timer is due, the other tells it when an earlier one is set.

    Redis looks ten times a second whether a blocked client's time is over, so a sleep in BLPOP would end up
    to 100 ms late.
    """

    def __init__(self, connection: "redis.asyncio.Redis", functions: AsyncFunctions) -> None:
        self._redis = connection
        self._functions = functions
        self._alarm = asyncio.Event()
        self._not_woken, self._not_heard = Trouble(log, "timers.redis"), Trouble(log, "alarm.redis")

    async def wake(self) -> None:
        """Wake what is due, until cancelled."""
        again = backoff(durations.TIMERS_IDLE_SECONDS)
        while not stopping():
            try:
                wait = await self._wake_due()
                again = backoff(durations.TIMERS_IDLE_SECONDS)
            except redis.RedisError as error:
                self._not_woken.met(error=str(error))
                wait = next(again)
            await self._sleep(wait)

    async def hear(self) -> None:
        """Tell `wake` of earlier timers, until cancelled."""
        again = backoff(durations.TIMERS_IDLE_SECONDS)
        while not stopping():
            try:
                if await self._redis.blpop([keys.ALARM()], timeout=durations.REDIS_BLOCK_SECONDS) is not None:
                    self._alarm.set()
                again = backoff(durations.TIMERS_IDLE_SECONDS)
            except redis.RedisError as error:
                self._not_heard.met(error=str(error))
                await asyncio.sleep(next(again))

    async def _wake_due(self) -> float:
        """Wake what is due; return for how many seconds to sleep."""
        self._alarm.clear()  # first: an alarm that comes during the call counts
        wait = await self._functions.run(commands.due(AT_ONCE))
        idle = durations.TIMERS_IDLE_SECONDS
        return idle if wait < 0 else min(wait / 1000, idle)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._alarm.wait()
