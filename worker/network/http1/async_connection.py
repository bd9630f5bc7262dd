"""The same connection for asyncio, where requests have no body: event streams, and deletions of events."""

import ssl
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any

import httpcore

from worker.network.http1.answers import Answers
from worker.network.http1.connection import PIECE
from worker.network.http1.heads import head_of


class AsyncConnection(httpcore.AsyncConnectionInterface):
    """A connection to a host, which is made with the first call and kept for so many seconds after each."""

    def __init__(
        self,
        origin: httpcore.Origin,
        tls: ssl.SSLContext,
        backend: httpcore.AsyncNetworkBackend,
        kept: float,
        options: Iterable[Any],
    ) -> None:
        self._origin, self._tls, self._backend, self._options = origin, tls, backend, options
        self._kept, self._expires = kept, 0.0
        self._stream: httpcore.AsyncNetworkStream | None = None
        self._answers = Answers()
        self._is_idle = self._is_closed = False

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request and read the head of its answer, whose body is still to be read."""
        timeout = request.extensions.get("timeout", {})
        stream = self._stream = self._stream or await self._connected(timeout.get("connect"))
        self._is_idle = False
        self._answers.begin()
        try:
            with suppress(httpcore.WriteError):  # it may have answered before it had all
                await stream.write(head_of(request), timeout.get("write"))
            while not self._answers.has_head:
                self._answers.feed(await stream.read(PIECE, timeout.get("read")))
        except BaseException:
            await self.aclose()
            raise
        return httpcore.Response(
            self._answers.status,
            headers=self._answers.headers,
            content=_Body(self, stream, timeout.get("read")),
            extensions={"network_stream": stream},
        )

    async def pieces(
        self, stream: httpcore.AsyncNetworkStream, seconds: float | None
    ) -> AsyncIterator[bytes]:
        """Yield the pieces of a body as they come, each within so many seconds."""
        try:
            for piece in self._answers.taken():
                yield piece
            while not self._answers.is_over:
                self._answers.feed(await stream.read(PIECE, seconds))
                for piece in self._answers.taken():
                    yield piece
        except BaseException:
            await self.aclose()
            raise

    async def be_done(self) -> None:
        """Be free for the next call, or closed where something of this one may still come."""
        if self._is_closed:
            return
        self._is_idle = self._answers.is_over and self._answers.leaves_open
        self._expires = time.monotonic() + self._kept
        if not self._is_idle:
            await self.aclose()

    async def aclose(self) -> None:
        """Close it."""
        self._is_idle, self._is_closed = False, True
        if self._stream is not None:
            await self._stream.aclose()

    def can_handle_request(self, origin: httpcore.Origin) -> bool:
        """Whether it leads to a host."""
        return origin == self._origin

    def has_expired(self) -> bool:
        """Whether it was idle for too long, or the server has closed it: nobody has asked it anything."""
        if time.monotonic() > self._expires or self._stream is None:
            return True
        return bool(self._stream.get_extra_info("is_readable"))

    def is_idle(self) -> bool:
        """Whether its last answer was read to its end, and the connection may be used again."""
        return self._is_idle

    async def _connected(self, seconds: float | None) -> httpcore.AsyncNetworkStream:
        host, port = self._origin.host.decode("ascii"), self._origin.port
        stream = await self._backend.connect_tcp(host, port, seconds, None, self._options)
        if self._origin.scheme == b"https":
            self._tls.set_alpn_protocols(["http/1.1"])
            return await stream.start_tls(self._tls, host, seconds)
        return stream


class _Body:
    """The body of an answer."""

    def __init__(
        self, connection: AsyncConnection, stream: httpcore.AsyncNetworkStream, seconds: float | None
    ) -> None:
        self._connection, self._stream, self._seconds = connection, stream, seconds

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._connection.pieces(self._stream, self._seconds)

    async def aclose(self) -> None:
        """Be done with it, however much was read."""
        await self._connection.be_done()
