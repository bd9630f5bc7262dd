"""Connections on which name look-up, connecting, TLS, reads and writes end at the call's deadline.

httpx limits each single read only. By that, a peer that sends a byte now and then would hold a thread for
days, and a host with eight silent addresses would be tried for eight times as long.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import zip_longest
from typing import Any

import httpcore

from config import durations
from worker.network.destinations import NEXT_ADDRESS, Resolve, any_of
from worker.network.proxies import Proxy
from worker.network.tunnels import reaching, tunnel

#: Addresses of a host that are tried.
_ADDRESSES = 4
#: Bytes that are written at a time.
_PIECE = 16 * 1024

#: Connects to an address and a port within so many seconds.
_Reach = Callable[[str, int, float], httpcore.NetworkStream]

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
    """Connects to a host (addresses by `resolve`) within the time for connecting as a whole.

    With a proxy, it is the proxy that connects, to what `resolve` returns.
    """

    def __init__(self, resolve: Resolve, proxy: Proxy | None = None) -> None:
        self._resolve = resolve
        self._proxy = proxy
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

        def reach(address: str, port: int, seconds: float) -> httpcore.NetworkStream:
            return self._plain.connect_tcp(address, port, seconds, local_address, socket_options)

        with within(float("inf") if timeout is None else timeout):
            if self._proxy is None:
                return self._first(self._resolve, host, port, reach)
            return self._tunnel(self._proxy, host, port, reach)

    def _tunnel(self, proxy: Proxy, host: str, port: int, reach: _Reach) -> httpcore.NetworkStream:
        last: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._resolve(host, port, self._left())[:_ADDRESSES]:
            with reaching(proxy):
                plain = self._first(any_of, proxy.host, proxy.port, reach)
            try:
                return tunnel(plain, proxy, address, port, self._left())
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                plain.close()
                last = error
            except BaseException:
                plain.close()
                raise
        raise last

    def _first(self, resolve: Resolve, host: str, port: int, reach: _Reach) -> httpcore.NetworkStream:
        """Try all addresses for a moment each, and then those that were silent for all that is left."""
        last: Exception = httpcore.ConnectError(f"{host} has no address")
        silent = _mixed(resolve(host, port, self._left()))[:_ADDRESSES]
        for most in (NEXT_ADDRESS, float("inf")) if len(silent) > 1 else (float("inf"),):
            trying, silent = silent, []
            for number, address in enumerate(trying):
                share = min(most, self._left() / (len(trying) - number))
                try:
                    return TimedStream(reach(address, port, share))
                except httpcore.ConnectTimeout as error:
                    last = error
                    silent.append(address)
                except httpcore.ConnectError as error:
                    last = error  # one without a route must not hide the next
        raise last

    @staticmethod
    def _left() -> float:
        return _seconds(durations.HTTP_MOST_SECONDS, httpcore.ConnectTimeout) or durations.HTTP_MOST_SECONDS


def _mixed(addresses: list[str]) -> list[str]:
    """Return addresses with those of IPv6 and IPv4 in turns: a network may be without one of them."""
    first = [each for each in addresses if (":" in each) == (":" in addresses[0])]
    others = [each for each in addresses if each not in first]
    return [each for pair in zip_longest(first, others) for each in pair if each is not None]


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
