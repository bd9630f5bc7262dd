"""Connections on which name look-up, connecting, TLS, reads and writes end at the call's deadline.

httpx knows a time for each single read. A peer that sends a byte now and then would hold a thread for days
by that, and a host with eight addresses that are all silent would be tried for eight times as long.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

from config import durations

#: Addresses of a host that are tried.
_ADDRESSES = 4
#: Bytes that are written at a time.
_PIECE = 16 * 1024

#: The addresses of a host, asked for within so many seconds; raises httpcore's errors.
Resolve = Callable[[str, int, float], list[str]]

_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Limit all waiting of this thread on such connections to so many seconds from now."""
    before = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(before)


def time_left() -> float:
    """Return the seconds until all waiting of this thread ends; infinity where nothing limits it."""
    return _deadline.get() - time.monotonic()


def _seconds(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    """Return for how long to wait: at most `timeout`, and not past the deadline; raises `error` after it."""
    left = min(time_left(), float("inf") if timeout is None else timeout)
    if left <= 0:
        raise error("the time of the whole call is over")
    return None if left == float("inf") else left


class TimedBackend(httpcore.NetworkBackend):
    """Connects to a host (addresses by `resolve`) within the time for connecting as a whole."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers, each of those to try having its share of the time."""
        last: Exception = httpcore.ConnectError(f"{host} has no address")
        with within(float("inf") if timeout is None else timeout):
            addresses = self._resolve(host, port, self._left())[:_ADDRESSES]
            for number, address in enumerate(addresses):
                share = self._left() / (len(addresses) - number)
                try:
                    plain = self._plain.connect_tcp(address, port, share, local_address, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    last = error  # one without a route must not hide the next
                else:
                    return TimedStream(plain)
        raise last

    @staticmethod
    def _left() -> float:
        return _seconds(durations.HTTP_MOST_SECONDS, httpcore.ConnectTimeout) or durations.HTTP_MOST_SECONDS


class TimedStream(httpcore.NetworkStream):
    """A connection that waits no longer than `within` allows."""

    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._plain.read(max_bytes, _seconds(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all, piece by piece: the plain one begins its time anew whenever the peer takes some."""
        for start in range(0, len(buffer), _PIECE):
            seconds = _seconds(timeout, httpcore.WriteTimeout)
            self._plain.write(buffer[start : start + _PIECE], seconds)

    def close(self) -> None:
        """Close it."""
        self._plain.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Go on encrypted."""
        seconds = _seconds(timeout, httpcore.ConnectTimeout)
        return TimedStream(self._plain.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        """Tell what the plain one tells."""
        return self._plain.get_extra_info(info)
