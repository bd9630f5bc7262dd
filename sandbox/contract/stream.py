"""GET /notifications/events: the account's events as server-sent events (reference, section 3.2)."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sandbox.account.account import Account, Notification
from sandbox.account.hub import Filter, Stream
from sandbox.account.world import World
from sandbox.common.errors import SandboxError
from sandbox.jobs.publishing import forget_old
from sandbox.serving.context import account_of, world_of

KEEPALIVE = b":keepalive\n\n"
#: Between the pieces of a frame that is split (wall seconds), so that they travel apart.
PIECE_PAUSE = 0.002
#: However fast the clock, keepalives are not sent more often than this (wall seconds).
SHORTEST_KEEPALIVE = 0.05


class EventStream:
    """The endpoint, as an ASGI application: Starlette's responses cannot be cut in the middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until the client leaves, a fault cuts it, or the sandbox stops."""
        request = Request(scope, receive)
        world, account = world_of(request), account_of(request)
        stream = Stream(account.name, _filter(request))
        world.hub.open(stream)
        # Taken in the same step as the opening: nothing falls between backfill and live events.
        forget_old(account, world.clock.now())
        backfill = [event for event in account.notifications.values() if stream.wanted.matches(event)]
        leaving = asyncio.create_task(_wait_for_leaving(receive, stream))
        try:
            await _Writer(world, account, stream, scope, send).run(backfill)
        finally:
            leaving.cancel()
            world.hub.leave(stream)


class _CutError(SandboxError):
    """Raised where a fault cuts the connection."""


@dataclass
class _Writer:
    """Writes one connection's frames, and does to them what the faults say."""

    world: World
    account: Account
    stream: Stream
    scope: Scope
    send: Send

    async def run(self, backfill: list[Notification]) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
        await self.send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            for event in backfill:
                await self.write(frame(event, "backfill"))
            await self.write(b"event: backfill_complete\ndata: {}\n\n")
            await self.follow()
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        except _CutError:
            # Not aborted: what was written before the cut should arrive.
            self.scope["state"]["transport"].close()

    async def follow(self) -> None:
        stream = self.stream
        seconds = self.account.settings.keepalive_seconds
        keepalive = max(SHORTEST_KEEPALIVE, self.world.clock.real(seconds))
        while not stream.closed:
            await self.disturb()
            while stream.waiting and not stream.closed:
                await self.write_live(stream.waiting.popleft())
            stream.wake.clear()
            if not await _woken(stream, keepalive):
                await self.write(KEEPALIVE)

    async def disturb(self) -> None:
        """Faults that strike the connection, whatever it carries."""
        fault = self.world.faults.take("stream", ("cut", "mute"), account=self.account.name, event="")
        if fault is not None and fault.kind == "cut":
            raise _CutError
        if fault is not None:
            await self.mute(fault.seconds)

    async def write_live(self, event: Notification) -> None:
        """A live frame, and the faults that strike its event."""
        body = frame(event)
        fault = self.world.faults.take(
            "stream", ("cut", "mute", "split"), account=self.account.name, event=event.name
        )
        if fault is None:
            await self.write(body)
        elif fault.kind == "cut":
            if fault.halfway:
                await self.write(body[: len(body) // 2])
            raise _CutError
        elif fault.kind == "mute":
            await self.mute(fault.seconds)
            await self.write(body)
        else:
            for piece in awkward_pieces(body):
                await self.write(piece)
                await asyncio.sleep(PIECE_PAUSE)

    async def mute(self, seconds: float) -> None:
        """Write nothing for a while, keepalives neither; events wait."""
        end = asyncio.get_running_loop().time() + seconds
        while not self.stream.closed and (rest := end - asyncio.get_running_loop().time()) > 0:
            self.stream.wake.clear()
            await _woken(self.stream, rest)

    async def write(self, body: bytes) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": True})


async def _woken(stream: Stream, seconds: float) -> bool:
    """True when there is something to do, False when `seconds` of the wall went by."""
    try:
        async with asyncio.timeout(seconds):
            await stream.wake.wait()
    except TimeoutError:
        return False
    return True


def awkward_pieces(body: bytes) -> Iterator[bytes]:
    """The frame in ever larger pieces, the blank line that ends it cut in two."""
    start, size = 0, 1
    while start < len(body) - 1:
        yield body[start : min(start + size, len(body) - 1)]
        start, size = start + size, size + 3
    yield body[-1:]


def frame(event: Notification, name: str | None = None) -> bytes:
    """One event as it goes over the wire."""
    prefix = f"event: {name}\n" if name else ""
    return f"{prefix}data: {json.dumps(event.public())}\n\n".encode()


async def _wait_for_leaving(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.close()


def _filter(request: Request) -> Filter:
    """Several values may be given by repeating the name or with commas; the encoding is not documented."""
    query = request.query_params

    def values(name: str) -> Iterator[str]:
        for text in query.getlist(name):
            yield from (part.strip() for part in text.split(",") if part.strip())

    return Filter(
        tasks=frozenset(values("id_task")),
        images=frozenset(values("id_image")),
        names=frozenset(values("name_list")),
    )
