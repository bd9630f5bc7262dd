"""Deletes an account's events at the API once their effect is in Redis, so that none is replayed.

Guide, *Tracking preprocessing*: DELETE after processing. Only events of our own jobs get here; `wake` and
the recording of a job put them on the list, in the same call as the message that they set off.
"""

import asyncio
from contextlib import aclosing, suppress

import httpx
import redis.asyncio

from actors.listener.tasks import stopping
from config import durations, keys, logs
from config.accounts import Account
from config.backoff import backoff, delay
from worker.piktid.transport import segment

log = logs.get("cleaner")

#: Bytes that are read of the answer to one.
LARGEST_ANSWER = 4096


class Cleaner:
    """Deletes the handled events of one account."""

    def __init__(
        self, client: httpx.AsyncClient, connection: "redis.asyncio.Redis", api_url: str, account: Account
    ) -> None:
        self.wanted = asyncio.Event()
        """Set when there is something to delete."""
        self._client = client
        self._redis = connection
        self._url = f"{api_url}/notifications"
        self._account = account
        self._refused: set[str] = set()

    async def run(self) -> None:
        """Delete until cancelled, and try again what failed: an event that stays is only replayed."""
        again, idle = backoff(durations.CLEAN_PAUSE_MOST_SECONDS), 1
        while not stopping():
            with suppress(TimeoutError):
                seconds = delay(idle, durations.CLEAN_AGAIN_SECONDS, durations.CLEAN_MOST_SECONDS)
                async with asyncio.timeout(seconds):
                    await self.wanted.wait()
            self.wanted.clear()
            try:
                idle = 1 if await self._delete_all() else idle + 1
                again = backoff(durations.CLEAN_PAUSE_MOST_SECONDS)
            except (httpx.HTTPError, TimeoutError, redis.RedisError) as error:
                pause = next(again)
                name = self._account.name
                log.warning("events.not_deleted", account=name, error=str(error), again_in=round(pause, 2))
                await asyncio.sleep(pause)

    async def _delete_all(self) -> bool:
        """Delete what is handled, up to the first refusal: most speak of all, as of a token or of a server.

        Returns whether there was anything.

        What was refused comes last from then on, so that one event that can't be deleted keeps no other.
        """
        handled = keys.HANDLED(self._account.name)
        events = list(map(str, await self._redis.zrange(handled, 0, -1)))
        self._refused.intersection_update(events)
        for event in sorted(events, key=self._refused.__contains__):
            try:
                await self._delete(event)
            except (httpx.HTTPError, TimeoutError):
                self._refused.add(event)
                raise
            await self._redis.zrem(handled, event)
            if stopping():
                break
        return bool(events)

    async def _delete(self, event: str) -> None:
        headers = {"Authorization": f"Bearer {self._account.token.get_secret_value()}"}
        request = self._client.build_request("DELETE", f"{self._url}/{segment(event)}", headers=headers)
        async with asyncio.timeout(durations.DELETION_SECONDS):
            answer = await self._client.send(request, stream=True)
            async with aclosing(answer):
                # One that is gone already answers 404 (piktid-v2.md 3.4).
                if answer.status_code != httpx.codes.NOT_FOUND:
                    answer.raise_for_status()
                async for _ in answer.aiter_raw(LARGEST_ANSWER):
                    break  # the rest of a longer one ends the connection with it
