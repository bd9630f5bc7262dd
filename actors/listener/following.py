"""Follows the event stream of one account, and records since when no event was missed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic

import httpx

from actors.listener.tasks import stopping
from config import durations, logs
from config.accounts.account import Account
from config.settings import Settings
from config.times import backoff
from worker.ledger import commands, leases
from worker.ledger.leases import StreamStep
from worker.piktid.notifications import (
    Frame,
    Notification,
    StreamEndedError,
    StreamStalledError,
    follow,
    stalled,
)
from worker.store.functions import AsyncFunctions

log = logs.get("following")

#: Characters that are kept of why a stream ended.
WHY = 200
#: Seconds of silence at the least, however fast a sandbox's time goes, after which a stream is told of as
#: held back, and is given up.
_LEAST_STALL, _LEAST_SILENCE = 1.0, 2.0


class Openings:
    """Bounds how many streams are opened at once: of a thousand, the last one would wait past its time.

    An opening that takes long no longer counts, so hosts that never answer do not hold up the others.
    """

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Open a stream within this."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        counted = loop.call_later(durations.OPENING_COUNTS_SECONDS, self._free.release)
        try:
            yield
        finally:
            if loop.time() < counted.when():
                counted.cancel()
                self._free.release()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all streams of a listener share."""

    streams: httpx.AsyncBaseTransport
    functions: AsyncFunctions
    settings: Settings
    listener: str
    openings: Openings
    tried: Callable[[str], None]
    """Is told of an account whose stream was opened, or could not be."""
    handled: Callable[[str, str], None]
    """Is told of an account and the id of an event that is to be deleted."""


class Following:
    """The event stream of one account, followed by the listener that has the account's lease."""

    __slots__ = ("_account", "_around", "_backoff", "_heard_at", "_open", "_pause", "_told_at", "in_step")

    def __init__(self, around: Surroundings, account: Account) -> None:
        self._around = around
        self._account = account
        self._backoff = backoff(durations.RECONNECT_MOST_SECONDS)
        self._heard_at = self._told_at = monotonic()
        self._open = False
        """Whether it is open, and was not told yet to be held back."""
        self._pause: asyncio.Event | None = None
        """While it waits to open the stream again: what ends that."""
        self.in_step = False
        """Whether this connection's replay is over: before, a sign of life proves nothing."""

    def sign_of_life(self) -> int | None:
        """Return how many ms ago it gave a sign of life that is to be put on record now.

        All that came before it has had its effect.
        """
        again = durations.HEARD_AGAIN_SECONDS / self._around.settings.speed
        if not self.in_step or self._heard_at < self._told_at + again:
            return None
        self._told_at = self._heard_at
        return round((monotonic() - self._heard_at) * 1000)

    @property
    def is_stalled(self) -> bool:
        """Whether it is open and lacks the sign of life that is due, which nobody was told of yet."""
        due = max(_LEAST_STALL, durations.STALLED_SECONDS / self._around.settings.speed)
        return self._open and monotonic() > self._heard_at + due

    async def tell_stalled(self, why: str | None = None) -> None:
        """Put on record that nothing comes: what holds it back may have done so before the first byte."""
        self._open = False
        why = why or stalled("nothing has come of the event stream", monotonic() - self._heard_at)
        log.warning("stream.stalled", account=self._account.name, why=why)
        await self._record("stalled", why)

    def renew(self, account: Account) -> None:
        """Open the next stream with the account's new token; at once where it waits to open one again."""
        self._account = account
        self._backoff = backoff(durations.RECONNECT_MOST_SECONDS)
        if self._pause is not None:
            self._pause.set()

    async def run(self) -> None:
        """Read the stream, connecting again whenever it ends, with growing jittered pauses."""
        while not stopping():
            try:
                await self._read()
            except StreamEndedError as ended:
                name, pause = self._account.name, next(self._backoff)
                if isinstance(ended, StreamStalledError):
                    await self.tell_stalled(str(ended))
                log.warning("stream.ended", account=name, why=str(ended), again_in=round(pause, 2))
                await self._record("ended", str(ended))
                if stopping():
                    return  # its end waited for the answer, and nobody may wait for the pause as well
                await self._rest(pause)

    async def _rest(self, seconds: float) -> None:
        self._pause = asyncio.Event()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._pause.wait()
        finally:
            self._pause = None

    async def _read(self) -> None:
        """Read one connection, to its end."""
        around, token = self._around, self._account.token
        silence = max(_LEAST_SILENCE, durations.SILENCE_SECONDS / around.settings.speed)
        url, opening = around.settings.api_url, around.openings.one
        try:
            async with aclosing(follow(around.streams, url, token, silence, self._heard, opening)) as frames:
                async for frame in frames:
                    await self._take(frame)
                    if stopping():
                        return
        finally:
            self.in_step = self._open = False
            around.tried(self._account.name)

    async def _take(self, frame: Frame) -> None:
        match frame:
            case "opened":
                self._around.tried(self._account.name)
                self._heard_at, self._open = monotonic(), True
                await self._record("opened")
            case "replayed":
                await self._record("replayed")
                self.in_step, self._told_at = True, monotonic()
            case "unreadable":
                await self._record("unread", "an event that can't be read")
            case Notification(name="ping"):
                pass  # somebody has set a webhook; it names no job, so it would wake all
            case _:
                self._backoff = backoff(durations.RECONNECT_MOST_SECONDS)
                whose = await self._wake(frame)
                if whose == "ours":
                    self._around.handled(self._account.name, frame.id)
                elif whose == "all":
                    await self._record("unread", f"an event that names no job: {frame.name[:64]}")

    async def _wake(self, event: Notification) -> str:
        sent = None if event.sent_at is None else round(event.sent_at * 1000)
        name, live = self._account.name, self.in_step
        return await self._around.functions.run(
            commands.wake(name, event.id, job=event.job, code=event.code, sent=sent, live=live)
        )

    def _heard(self) -> None:
        self._heard_at, self._open = monotonic(), True

    async def _record(self, what: StreamStep, why: str | None = None) -> None:
        name, listener = self._account.name, self._around.listener
        await self._around.functions.run(leases.followed(name, listener, what, why and why[:WHY]))
