"""Follows the event stream of one account, and records since when no event was missed."""

import asyncio

import httpx

from actors.listener.cleaner import Cleaner
from actors.listener.tasks import end, stopping
from config import durations, logs
from config.accounts import Account
from config.backoff import backoff
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.command_answers import Woken
from worker.piktid.notifications import Frame, Notification, StreamEndedError, follow
from worker.store.functions import AsyncFunctions

log = logs.get("following")

#: Characters that are kept of why a stream ended.
WHY = 200


class Following:
    """The event stream of one account, followed by the listener that has the account's lease."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        functions: AsyncFunctions,
        settings: Settings,
        account: Account,
        listener: str,
        cleaner: Cleaner,
        openings: asyncio.Semaphore,
    ) -> None:
        self._client = client
        self._functions = functions
        self._url = settings.api_url
        self._silence = max(2.0, durations.SILENCE_SECONDS / settings.speed)
        self._account = account
        self._listener = listener
        self._cleaner = cleaner
        self._openings = openings
        self._backoff = backoff(durations.RECONNECT_MOST_SECONDS)
        self._in_step = False
        """Whether this connection's replay is over: before, a sign of life proves nothing."""
        self._alive = False

    async def run(self) -> None:
        """Read the stream, connecting again whenever it ends, with growing jittered pauses."""
        while not stopping():
            try:
                await self._connection()
            except StreamEndedError as ended:
                name, pause = self._account.name, next(self._backoff)
                log.warning("stream.ended", account=name, why=str(ended), again_in=round(pause, 2))
                await self._record("ended", str(ended))
                await asyncio.sleep(pause)

    async def _connection(self) -> None:
        """Follow one connection; returns when the stream is to be opened again for its replay."""
        self._in_step = self._alive = False
        reading = asyncio.create_task(self._read())
        try:
            while not reading.done():
                await asyncio.wait([reading], timeout=durations.PULSE_SECONDS)
                if await self._pulse() or stopping():
                    return
            reading.result()
        finally:
            await end(reading)

    async def _pulse(self) -> bool:
        """Record that the stream lives, if there was a sign; return whether to open it again."""
        if not (self._in_step and self._alive):
            return False
        self._alive = False
        return await self._record("heard")

    async def _read(self) -> None:
        token = self._account.token
        async for frame in follow(self._client, self._url, token, self._silence, self._heard, self._openings):
            await self._take(frame)
            if stopping():
                return

    async def _take(self, frame: Frame) -> None:
        match frame:
            case "opened":
                await self._record("opened")
            case "replayed":
                await self._record("replayed")
                self._in_step = True
            case "unreadable":
                await self._record("unread", "an event that can't be read")
            case Notification(name="ping"):
                pass  # somebody has set a webhook; it names no job, so it would wake all
            case _:
                self._backoff = backoff(durations.RECONNECT_MOST_SECONDS)
                whose = await self._wake(frame)
                if whose == "ours":
                    self._cleaner.wanted.set()
                elif whose == "all":
                    await self._record("unread", f"an event that names no job: {frame.name[:64]}")

    async def _wake(self, event: Notification) -> Woken:
        sent = None if event.sent_at is None else round(event.sent_at * 1000)
        name, live = self._account.name, self._in_step
        return await self._functions.run(
            commands.wake(name, event.id, job=event.job, code=event.code, sent=sent, live=live)
        )

    def _heard(self) -> None:
        self._alive = True

    async def _record(self, what: commands.StreamStep, why: str | None = None) -> bool:
        """Record what the stream has done; return whether to open it again."""
        name, listener = self._account.name, self._listener
        return await self._functions.run(commands.followed(name, listener, what, why and why[:WHY]))
