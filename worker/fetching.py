"""Fetching a picture from a URL that a brief named: from a stranger, and perhaps by a trick.

The address is checked where the connection is made, and is the one that the connection is made to: a client
that resolved the name once more could be given another one in between (DNS rebinding). TLS asks for the name.
"""

import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from worker.addresses import resolve
from worker.file_errors import FileRefused, FileUnavailable

#: Redirects that are followed, each checked like the first URL.
MAX_REDIRECTS = 3
#: Seconds for the whole of it, names looked up not counted.
SECONDS = 30.0
#: Addresses of a host that are tried, and seconds for each: one without a route must not hide the other.
_ADDRESSES = 4
_CONNECT = 5.0
#: Statuses that may be another one later, as those from 500 on may.
_PASSING = (408, 425, 429)
_REDIRECTS = (301, 302, 303, 307, 308)


def fetch(url: str, *, max_bytes: int, private: bool = False) -> bytes:
    """Return what a URL holds; `private` allows http and private addresses.

    Raises FileRefused for what may not be fetched or is larger than `max_bytes`, FileUnavailable for what
    may succeed later.
    """
    target, backend = _parsed(url), _Checked(time.monotonic() + SECONDS, private=private)
    with httpcore.ConnectionPool(network_backend=backend) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            _check(target, private=private)
            try:
                found = _get(pool, target, max_bytes)
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
                raise FileUnavailable(f"{target.host}: {type(error).__name__}") from error
            if isinstance(found, bytes):
                return found
            target = found
    raise FileRefused(f"{target.host}: more than {MAX_REDIRECTS} redirects")


def _get(pool: httpcore.ConnectionPool, url: httpx.URL, max_bytes: int) -> bytes | httpx.URL:
    """Return the body, or where a redirect leads."""
    at = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    headers = [("Host", url.netloc), ("Accept", b"image/*"), ("Accept-Encoding", b"identity")]
    with pool.stream("GET", at, headers=headers) as response:
        if response.status in _REDIRECTS:
            return _parsed(httpx.Headers(response.headers).get("location", ""), base=url)
        _check_status(url, response.status)
        # As it came: unpacked, it could be a thousand times as much.
        content = bytearray()
        for part in response.iter_stream():
            content += part
            if len(content) > max_bytes:
                raise FileRefused(f"{url.host}: the file is larger than {max_bytes} bytes")
        return bytes(content)


def _check(url: httpx.URL, *, private: bool) -> None:
    if url.scheme != "https" and not (private and url.scheme == "http"):
        raise FileRefused("a picture's URL must be https")
    if url.userinfo:
        raise FileRefused("a picture's URL must not hold a user's name or password")
    if not url.host:
        raise FileRefused("a picture's URL must name a host")


def _check_status(url: httpx.URL, status: int) -> None:
    if status >= 500 or status in _PASSING:
        raise FileUnavailable(f"{url.host} answered {status}")
    if status != httpx.codes.OK:
        raise FileRefused(f"{url.host} answered {status}")


def _parsed(text: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        return httpx.URL(text) if base is None else base.join(text)
    except httpx.InvalidURL as error:
        raise FileRefused("a picture's URL is no URL") from error


class _Checked(httpcore.NetworkBackend):
    """Connects to checked addresses only, and for a limited time."""

    def __init__(self, deadline: float, *, private: bool) -> None:
        self._deadline = deadline
        self._private = private
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the time left counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers."""
        last: Exception = httpcore.ConnectError()
        for address in resolve(host, port, private=self._private)[:_ADDRESSES]:
            seconds = min(_CONNECT, _left(self._deadline))
            try:
                plain = self._plain.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return _Timed(plain, self._deadline)
        raise last


class _Timed(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline.

    A timeout for each read, which is all that the client knows, would let a peer that sends a byte now and
    then hold the worker's thread for days.
    """

    def __init__(self, plain: httpcore.NetworkStream, deadline: float) -> None:
        self._plain = plain
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Read what has come."""
        return self._plain.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Write it all."""
        self._plain.write(buffer, _left(self._deadline))

    def close(self) -> None:
        """Close it."""
        self._plain.close()

    def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Go on encrypted."""
        tls = self._plain.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Timed(tls, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Tell what the plain one tells."""
        return self._plain.get_extra_info(info)


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout
    return seconds
