"""Tells open pages that something has changed, by server-sent events.

One reader of the event stream serves all pages that are open at this process. A page is told no more than
that it should look again; it asks for the parts that it shows, and is answered nothing where they are the
same.
"""

import asyncio
from collections.abc import AsyncIterator

import redis
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from config import logs
from config.logs import Trouble
from worker.views import happenings

log = logs.get("web")

#: Pages that may be open at once: others take some of the process's connections too.
MOST = 100
#: Seconds after which pages look again though no event came: times go on, windows free.
LOOK_MS = 3_000
#: Seconds between two notices at least: a burst of events becomes one notice.
LEAST_SECONDS = 0.7


class Updates:
    """Who is to be told, and the reader."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._told: set[asyncio.Event] = set()
        self._reader: asyncio.Task[None] | None = None
        self._trouble = Trouble(log, "page.events_unread")

    def stream(self) -> Response:
        """Answer a page that wants to be told."""
        if len(self._told) >= MOST:
            return PlainTextResponse("too many pages are open\n", 503, {"Retry-After": "60"})
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._words(), headers=headers, media_type="text/event-stream")

    async def close(self) -> None:
        """End the reader."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _words(self) -> AsyncIterator[str]:
        # Not before it is read from: of a browser that was gone by then, nobody would take it off again.
        told = asyncio.Event()
        self._told.add(told)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        try:
            yield "retry: 2000\nevent: changed\ndata: now\n\n"
            while True:
                await told.wait()
                told.clear()
                yield "event: changed\ndata: now\n\n"
        finally:
            self._told.discard(told)

    async def _read(self) -> None:
        since = ""
        while self._told:
            try:
                since = await run_in_threadpool(self._after, since)
            except redis.RedisError as error:
                self._trouble.met(error=str(error))
            for each in self._told:
                each.set()
            await asyncio.sleep(LEAST_SECONDS)

    def _after(self, since: str) -> str:
        """Wait for an event, and return where to go on from."""
        if not since:
            return happenings.last_id(self._client)
        return happenings.changed(self._client, since, LOOK_MS)[1]
