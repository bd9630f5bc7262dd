"""A connection for one call at a time, in place of httpcore's: that one's parser, h11, is Python.

The network beneath, its errors, and the values of a request and an answer are httpcore's (docs/decisions.md).
"""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import httpcore

from worker.network.http1.answers import Answers
from worker.network.http1.heads import head_of

#: Bytes that are read at once.
PIECE = 64 * 1024
#: Bytes of a body that leave together with the head.
WITH_HEAD = 16 * 1024

#: Hears what comes next, as httpcore's `trace`; what it raises stops the request.
_Trace = Callable[[str, Mapping[str, Any]], None]


class Connection(httpcore.ConnectionInterface):
    """A connection to a host, which is made with the first call."""

    def __init__(
        self, origin: httpcore.Origin, tls: ssl.SSLContext, backend: httpcore.NetworkBackend
    ) -> None:
        self._origin, self._tls, self._backend = origin, tls, backend
        self._stream: httpcore.NetworkStream | None = None
        self._answers = Answers()
        self._is_idle = self._is_closed = False

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request and read the head of its answer, whose body is still to be read."""
        timeout = request.extensions.get("timeout", {})
        stream = self._stream = self._stream or self._connected(timeout.get("connect"))
        self._is_idle = False
        self._answers.begin()
        try:
            with suppress(httpcore.WriteError):  # it may have answered before it had all
                self._send(stream, request, timeout.get("write"))
            while not self._answers.has_head:
                self._answers.feed(stream.read(PIECE, timeout.get("read")))
        except BaseException:
            self.close()
            raise
        return httpcore.Response(
            self._answers.status,
            headers=self._answers.headers,
            content=_Body(self, stream, timeout.get("read")),
            extensions={"network_stream": stream},
        )

    def pieces(self, stream: httpcore.NetworkStream, seconds: float | None) -> Iterator[bytes]:
        """Yield the pieces of a body as they come, each within so many seconds."""
        try:
            yield from self._answers.taken()
            while not self._answers.is_over:
                self._answers.feed(stream.read(PIECE, seconds))
                yield from self._answers.taken()
        except BaseException:
            self.close()
            raise

    def be_done(self) -> None:
        """Be free for the next call, or closed where something of this one may still come."""
        if self._is_closed:
            return
        self._is_idle = self._answers.is_over and self._answers.leaves_open
        if not self._is_idle:
            self.close()

    def close(self) -> None:
        """Close it."""
        self._is_idle, self._is_closed = False, True
        if self._stream is not None:
            self._stream.close()

    def is_idle(self) -> bool:
        """Whether its last answer was read to its end, and the connection may be used again."""
        return self._is_idle

    def is_available(self) -> bool:
        """Whether the next call may use it."""
        return self._is_idle

    def _connected(self, seconds: float | None) -> httpcore.NetworkStream:
        host = self._origin.host.decode("ascii")
        stream = self._backend.connect_tcp(host, self._origin.port, seconds)
        if self._origin.scheme == b"https":
            self._tls.set_alpn_protocols(["http/1.1"])
            return stream.start_tls(self._tls, host, seconds)
        return stream

    def _send(self, stream: httpcore.NetworkStream, request: httpcore.Request, seconds: float | None) -> None:
        """Write a request, its trace asked right before each part of it."""
        head, body = head_of(request), b"".join(request.stream)  # type: ignore[arg-type]  # of no asyncio
        trace: _Trace | None = request.extensions.get("trace")
        parts = {"headers": head + body} if len(body) <= WITH_HEAD else {"headers": head, "body": body}
        for name, part in parts.items():
            if trace is not None:
                trace(f"http11.send_request_{name}.started", {"request": request})
            stream.write(part, seconds)


class _Body:
    """The body of an answer."""

    def __init__(self, connection: Connection, stream: httpcore.NetworkStream, seconds: float | None) -> None:
        self._connection, self._stream, self._seconds = connection, stream, seconds

    def __iter__(self) -> Iterator[bytes]:
        return self._connection.pieces(self._stream, self._seconds)

    def close(self) -> None:
        """Be done with it, however much was read."""
        self._connection.be_done()
