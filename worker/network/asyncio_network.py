"""Connections for httpcore, straight on asyncio: less memory for each stream, and less work for each event.

httpcore's own pass by anyio, a third of an event's time. TLS is still anyio's: asyncio's keeps 256 KB each.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import httpcore
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute, TLSStream

from worker.network.addresses import is_address
from worker.network.backends import Backend
from worker.network.destinations import NEXT_ADDRESS

#: Bytes that are taken from the system at once, and that may wait here to be read.
_PIECE = _MOST_UNREAD = 64 * 1024
#: What asyncio, anyio and TLS raise of a connection and its peer.
_FAILURES = (OSError, UnicodeError, anyio.BrokenResourceError, anyio.EndOfStream)


class AsyncioBackend(Backend):
    """Connects within the loop that runs, one for each of these."""

    def __init__(self) -> None:
        # One for all connections: asyncio's own way takes 256 KB whenever something has come.
        self._piece = memoryview(bytearray(_PIECE))

    async def reach(
        self, host: str, port: int, seconds: float | None, options: Iterable[Any]
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the address of a host that answers first."""
        # No race where there is one address: cancelled just then, asyncio's leaves its winner open.
        delay = None if is_address(host) else NEXT_ADDRESS
        async with _within(seconds, httpcore.ConnectTimeout, httpcore.ConnectError):
            _, stream = await asyncio.get_running_loop().create_connection(
                lambda: PlainStream(self._piece), host, port, happy_eyeballs_delay=delay
            )
        stream.set_options(options)
        return stream


class PlainStream(httpcore.AsyncNetworkStream, asyncio.BufferedProtocol):
    """A connection; one task at a time reads or writes, and waits for `_changed` where it has to."""

    _transport: asyncio.Transport

    def __init__(self, piece: memoryview) -> None:
        self._piece = piece
        self._unread = b""
        self._is_full = self._is_over = False
        self._error: Exception | None = None
        self._changed: asyncio.Future[None] | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, as soon as there is any; nothing once the peer has ended."""
        while not self._unread and not self._is_over:
            await self._wait(timeout, httpcore.ReadTimeout)
        if not self._unread and self._error:
            raise httpcore.ReadError(str(self._error)) from self._error
        read, self._unread = self._unread[:max_bytes], self._unread[max_bytes:]
        self._transport.resume_reading()
        return read

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all, but for what the buffers take."""
        if self._transport.is_closing():
            raise httpcore.WriteError(str(self._error or "the connection is closed")) from self._error
        self._transport.write(buffer)
        while self._is_full and not self._transport.is_closing():
            await self._wait(timeout, httpcore.WriteTimeout)

    async def aclose(self) -> None:
        """Close it at once."""
        self._transport.abort()
        # asyncio closes the socket in the loop's next round, which a loop that ends now would not have.
        await asyncio.sleep(0)

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Go on encrypted."""
        return await _encrypted(self, _ForTls(self), ssl_context, server_hostname, timeout)

    def set_options(self, options: Iterable[Any]) -> None:
        """Set these options of the socket."""
        for option in options:
            self._transport.get_extra_info("socket").setsockopt(*option)

    def get_extra_info(self, info: str) -> Any:
        """Tell whether there is something to read, or an end: of an idle connection, that it is over."""
        return bool(self._unread) or self._is_over if info == "is_readable" else None

    async def _wait(self, seconds: float | None, late: type[httpcore.TimeoutException]) -> None:
        """Wait for any change; raises `late` after so many seconds."""
        loop = asyncio.get_running_loop()
        changed = self._changed = loop.create_future()
        # Cheaper than asyncio.timeout, which has to cancel a task and to tell by whom it was cancelled.
        timer = None if seconds is None else loop.call_later(seconds, _fail, changed, late)
        try:
            await changed
        finally:
            self._changed = None
            if timer is not None:
                timer.cancel()

    def _change(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is read from and written to."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, _: int) -> memoryview:
        """Return where to put what has come; what it was is told at once."""
        return self._piece

    def buffer_updated(self, nbytes: int) -> None:
        """Keep what has come; where nobody reads it, let no more come."""
        self._unread += self._piece[:nbytes]
        if len(self._unread) > _MOST_UNREAD:
            self._transport.pause_reading()
        self._change()

    def eof_received(self) -> bool:
        """Note the peer's end; what is still to be written may leave."""
        self._is_over = True
        self._change()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        self._is_over, self._error = True, exc
        self._change()

    def pause_writing(self) -> None:
        """Let no more be written."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Let more be written."""
        self._is_full = False
        self._change()


class _ForTls(ByteStream):
    """A connection as anyio's TLS sees it."""

    def __init__(self, plain: PlainStream) -> None:
        self._plain = plain

    async def receive(self, max_bytes: int = _MOST_UNREAD) -> bytes:
        """Return what has come; raises anyio.EndOfStream once the peer has ended."""
        read = await self._plain.read(max_bytes)
        if not read:
            raise anyio.EndOfStream
        return read

    async def send(self, item: bytes) -> None:
        """Write it all."""
        await self._plain.write(item)

    async def send_eof(self) -> None:
        """Never asked for."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close it."""
        await self._plain.aclose()


class _EncryptedStream(httpcore.AsyncNetworkStream):
    """A connection that TLS protects."""

    def __init__(self, plain: PlainStream, encrypted: TLSStream) -> None:
        self._plain = plain
        self._encrypted = encrypted

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come; nothing once the peer has ended."""
        async with _within(timeout, httpcore.ReadTimeout, httpcore.ReadError):
            try:
                return await self._encrypted.receive(max_bytes)
            except anyio.EndOfStream:
                return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all."""
        async with _within(timeout, httpcore.WriteTimeout, httpcore.WriteError):
            await self._encrypted.send(buffer)

    async def aclose(self) -> None:
        """Close it at once."""
        await self._plain.aclose()

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Go on encrypted once more: with a host, through a proxy that speaks TLS itself."""
        return await _encrypted(self._plain, self._encrypted, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """Tell what the plain one tells, and what TLS has agreed on."""
        if info == "ssl_object":
            return self._encrypted.extra(TLSAttribute.ssl_object)  # noqa: S610  # it is no Django
        return self._plain.get_extra_info(info)


async def _encrypted(
    plain: PlainStream, over: ByteStream, ssl_context: Any, host: str | None, timeout: float | None
) -> _EncryptedStream:
    try:
        async with _within(timeout, httpcore.ConnectTimeout, httpcore.ConnectError):
            stream = await TLSStream.wrap(
                over, ssl_context=ssl_context, hostname=host, standard_compatible=False, server_side=False
            )
    except BaseException:
        await plain.aclose()
        raise
    return _EncryptedStream(plain, stream)


@asynccontextmanager
async def _within(
    seconds: float | None, late: type[Exception], failed: type[Exception]
) -> AsyncIterator[None]:
    """Raise httpcore's errors, and `late` after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise late(str(error) or "no answer in time") from error
    except _FAILURES as error:
        raise failed(str(error)) from error


def _fail(changed: "asyncio.Future[None]", late: type[httpcore.TimeoutException]) -> None:
    if not changed.done():
        changed.set_exception(late())
