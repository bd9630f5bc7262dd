"""The process's pool of connections to the API.

A request passes httpx's transport interface and nothing above it: no redirect is followed, no cookie kept, no
password file named in the environment is used, since the code for that is not there. Beneath are single
connections: httpcore's own pool looks at all of them for each request, and finds room for a request in a
queue, which with hundreds of calls at once takes longer than the calls (docs/decisions.md). A proxy is a
matter of the connection (`worker/network/tunnels.py`): to a request there is none. What is spoken over it is
HTTP/1.1 by our own (`worker/network/http1`), and by httpcore's where HTTP/2 is allowed.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpcore
import httpx

from config import durations
from config.errors import NetworkSettingsError
from worker.network.bodies import Body, Used, errors_of_httpx
from worker.network.destinations import any_of, by_name, public_by_name, public_of
from worker.network.http1.connection import Connection
from worker.network.proxies import Proxies
from worker.network.timed_network import TimedBackend
from worker.network.tls import http2_allowed, tls

#: Sent with each request. Answers are wanted uncompressed: a small body that unfolds into gigabytes would be
#: past any limit before it is counted.
_HEADERS = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
    ("Connection", "keep-alive"),
    ("User-Agent", "identity-worker"),
)
_SCHEMES = (b"http", b"https")
#: Calls of one connection of HTTP/2. Servers end one after a number of them (100 and 1,000 are common) by
#: GOAWAY, at which httpcore gives up the answer that it waits for: what came of a paid call were unknown.
_MOST_BY_HTTP2 = 50

#: Scheme, host and port.
_Origin = tuple[bytes, bytes, int | None]


def open_pool(
    *,
    timeout_connect: float | None = None,
    timeout_read: float | None = None,
    timeout_write: float | None = None,
    keepalive_expiry: float = 1.0,
    public: bool = False,
) -> "Pool":
    """Return the process's connection pool, for all accounts and all threads; times are in seconds.

    With `public` it connects to no address inside a private network, whatever a host's name says. Raises
    NetworkSettingsError when the environment names a proxy or certificates that can't be used.

    An idle connection is kept for one second, less than servers keep theirs (2 s at the least, commonly), so
    a paid request is hardly ever written to a connection that is being closed, which would leave its outcome
    unknown. A new connection for each paid call would be no safer when a server restarts, and puts a TLS
    handshake between the last check of a claim and the call.
    """
    timeout = {
        "connect": timeout_connect or durations.HTTP_CONNECT_SECONDS,
        "read": timeout_read or durations.HTTP_READ_SECONDS,
        "write": timeout_write or durations.HTTP_READ_SECONDS,
    }
    return Pool(timeout, keepalive_expiry, public=public, http2=not public and http2_allowed())


def check_environment() -> None:
    """Raise NetworkSettingsError when the environment names a proxy or certificates that can't be used."""
    Proxies()
    tls()
    http2_allowed()


class Pool(httpx.BaseTransport):
    """As many connections as there are calls at once, which a worker's threads limit.

    A connection serves one call until the answer is closed. The one that was used last is used next, so the
    others are closed after their second.
    """

    def __init__(
        self, timeout: Mapping[str, float], keepalive: float, *, public: bool, http2: bool = False
    ) -> None:
        self.timeout = timeout
        """Seconds to `connect`, and for each `read` and `write`."""
        self._keepalive = keepalive
        self._public, self._http2 = public, http2
        self._proxies = Proxies()
        self._tls = tls()
        self._lock = threading.Lock()
        self._idle: defaultdict[_Origin, deque[tuple[float, Used]]] = defaultdict(deque)
        """Until when each may be used, the longest idle one first."""
        self._tidied_at = time.monotonic()

    def request(
        self,
        method: str,
        url: str | httpx.URL,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        content: bytes | None = None,
        headers: Sequence[tuple[str, str]] = (),
        extensions: Mapping[str, Any] | None = None,
    ) -> httpx.Request:
        """Return a request with these headers and those of all; raises httpx.InvalidURL or ValueError."""
        more = {"timeout": self.timeout, **(extensions or {})}
        return httpx.Request(
            method,
            url,
            params=params,
            json=json,
            content=content,
            headers=[*_HEADERS, *headers],
            extensions=more,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the answer's body is still to be read, and it is to be closed."""
        url = request.url
        if url.raw_scheme not in _SCHEMES:
            raise httpx.UnsupportedProtocol(f"the URL's scheme is {url.scheme[:20]!r}")
        at = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        sent = httpcore.Request(
            request.method,
            at,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        connection, calls = self._taken((url.raw_scheme, url.raw_host, url.port), at.origin)
        with errors_of_httpx():
            answer = connection.handle_request(sent)

        def over(*, whole: bool) -> None:
            used = Used(connection, answer.extensions["network_stream"], calls + 1)
            self._put_back((url.raw_scheme, url.raw_host, url.port), used, whole=whole)

        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=Body(answer, over),
            extensions=answer.extensions,
            request=request,
        )

    def close(self) -> None:
        """Close the connections that are idle."""
        with self._lock:
            idle = [used for each in self._idle.values() for _, used in each]
            self._idle.clear()
        for used in idle:
            used.connection.close()

    def _taken(self, key: _Origin, origin: httpcore.Origin) -> tuple[httpcore.ConnectionInterface, int]:
        """Return the connection that was used last, or a new one, and of how many calls it was."""
        while True:
            with self._lock:
                idle = self._idle[key]
                until, used = idle.pop() if idle else (0.0, None)
            if used is None:
                backend = self._backend(*key)
                if not self._http2:
                    return Connection(origin, self._tls, backend), 0
                return httpcore.HTTPConnection(
                    origin, ssl_context=self._tls, http2=True, network_backend=backend
                ), 0
            if time.monotonic() < until and used.is_open():
                return used.connection, used.calls
            used.connection.close()

    def _backend(self, scheme: bytes, host: bytes, port: int | None) -> TimedBackend:
        """Return what connects to a host, by its proxy if it has one."""
        try:
            proxy = self._proxies.of(scheme.decode(), host.decode(), port)
        except NetworkSettingsError as error:
            raise httpx.ConnectError(str(error)) from error
        if proxy is None:
            return TimedBackend(public_of if self._public else any_of)
        return TimedBackend(public_by_name if self._public else by_name, proxy)

    def _put_back(self, key: _Origin, used: Used, *, whole: bool) -> None:
        """Keep a connection whose answer was read to its end; close those that were idle for too long."""
        is_worn = self._http2 and used.calls >= _MOST_BY_HTTP2
        if is_worn or not (whole and used.connection.is_idle()):
            used.connection.close()
            return
        now = time.monotonic()
        with self._lock:
            self._idle[key].append((now + self._keepalive, used))
            expired = [*self._expired(now)]
        for each in expired:
            each.connection.close()

    def _expired(self, now: float) -> Iterator[Used]:
        """Take out, now and then, what was idle for too long, of all hosts: many are called only once."""
        if now < self._tidied_at + self._keepalive:
            return
        self._tidied_at = now
        for key, idle in [*self._idle.items()]:
            while idle and idle[0][0] < now:
                yield idle.popleft()[1]
            if not idle:
                del self._idle[key]
