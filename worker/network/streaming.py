"""The asyncio connections to the API: event streams by httpx's transport, and short calls.

Both pass by httpx's client, and with it by passwords named in the environment, cookies and redirects: a token
goes to the API's host alone. A proxy only carries what it can't read (`worker/network/tunnels.py`).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, cast

import httpcore
import httpx

from config import durations
from config.errors import NetworkSettingsError
from worker.network.asyncio_network import AsyncioBackend
from worker.network.backends import KEPT_ALIVE, ProxiedBackend
from worker.network.destinations import CONNECTION_ERRORS
from worker.network.http1.async_connection import AsyncConnection
from worker.network.proxies import Proxies
from worker.network.tls import http2_allowed, tls, told

#: Connections that are kept for the next request, and for how many seconds (as `open_pool` says).
_IDLE, _IDLE_SECONDS = 8, 1.0

#: Ours; httpcore's where HTTP/2 is allowed.
_Connection = AsyncConnection | httpcore.AsyncHTTPConnection
_HEADERS = {"User-Agent": "identity-worker", "Accept-Encoding": "identity"}


class Streams(httpx.AsyncHTTPTransport):
    """HTTP over connections of `Connections`; to close it closes those that are idle."""

    def __init__(self, connections: "Connections") -> None:
        super().__init__(verify=tls(), trust_env=False)
        # httpx has no way to name it; its exact minor version is pinned.
        self._pool: Any = connections


class Connections:
    """What stands in for httpcore's pool, which searches all its connections at each request.

    Of thousands of open streams, that would take longer than all else.
    """

    def __init__(self) -> None:
        """Raise NetworkSettingsError, as `open_pool` does."""
        self._idle: list[_Connection] = []
        self._direct = AsyncioBackend()
        self._proxies = Proxies()
        self._tls, self.http2 = tls(), http2_allowed()

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request over an idle connection, or a new one."""
        connection = await self._taken(request.url.origin)
        try:
            answer = await connection.handle_async_request(request)
        except BaseException as error:
            await connection.aclose()
            if isinstance(error, httpcore.ConnectError):
                raise httpcore.ConnectError(told(error)) from error
            raise
        body = _Body(answer.stream, connection, self)
        return httpcore.Response(
            answer.status, headers=answer.headers, content=body, extensions=answer.extensions
        )

    async def ask(self, method: str, url: str, headers: Mapping[str, str], most: int) -> tuple[int, str]:
        """Send a request without a body; return the status and the content type (blank if none is told).

        About `most` bytes of the answer are read. Raises httpx.TransportError. httpx's client would take as
        long again as all the rest.
        """
        at = httpx.URL(url)
        where = httpcore.URL(scheme=at.raw_scheme, host=at.raw_host, port=at.port, target=at.raw_path)
        times = {"connect": durations.HTTP_CONNECT_SECONDS, "read": durations.HTTP_READ_SECONDS}
        timeout = {**times, "write": durations.HTTP_READ_SECONDS}
        named: list[tuple[bytes | str, bytes | str]] = [
            *{"Host": at.netloc.decode(), **_HEADERS, **headers}.items()
        ]
        try:
            answer = await self.handle_async_request(
                httpcore.Request(method, where, headers=named, extensions={"timeout": timeout})
            )
            async with aclosing(cast(_Body, answer.stream)) as body:
                async for piece in body:
                    most -= len(piece)
                    if most <= 0:
                        break  # the rest ends the connection with it
        except (*CONNECTION_ERRORS, httpcore.ConnectionNotAvailable) as error:
            raise httpx.TransportError(f"{type(error).__name__}: {error}") from error
        types = [value for name, value in answer.headers if name.lower() == b"content-type"]
        return answer.status, types[0].decode("latin-1") if types else ""

    async def put_back(self, connection: _Connection, *, whole: bool) -> None:
        """Keep a connection whose answer was read to its end; close any other."""
        if whole and connection.is_idle() and len(self._idle) < _IDLE:
            self._idle.append(connection)
        else:
            await connection.aclose()

    async def __aenter__(self) -> "Connections":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the idle connections; each other one is closed with its answer."""
        while self._idle:
            await self._idle.pop().aclose()

    async def _taken(self, origin: httpcore.Origin) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.can_handle_request(origin) and not connection.has_expired():
                return connection
            await connection.aclose()
        if not self.http2:
            return AsyncConnection(origin, self._tls, self._backend(origin), _IDLE_SECONDS, KEPT_ALIVE)
        return httpcore.AsyncHTTPConnection(
            origin,
            ssl_context=self._tls,
            http2=True,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=self._backend(origin),
            socket_options=KEPT_ALIVE,
        )

    def _backend(self, origin: httpcore.Origin) -> httpcore.AsyncNetworkBackend:
        try:
            proxy = self._proxies.of(origin.scheme.decode(), origin.host.decode(), origin.port)
        except NetworkSettingsError as error:
            raise httpcore.ConnectError(str(error)) from error
        return self._direct if proxy is None else ProxiedBackend(proxy, self._direct)


class _Body:
    """The body of an answer; to close it gives its connection back."""

    def __init__(self, body: Any, connection: _Connection, connections: Connections) -> None:
        self._body = body
        self._connection = connection
        self._connections = connections
        # Of HTTP/1.1 a connection is idle only then.
        self._whole = not connections.http2

    def __aiter__(self) -> AsyncIterator[bytes]:
        pieces: AsyncIterator[bytes] = self._body.__aiter__()
        return pieces if self._whole else self._noting_the_end(pieces)

    async def _noting_the_end(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            yield piece
        self._whole = True

    async def aclose(self) -> None:
        """Be done with the answer, however much of it was read."""
        try:
            await self._body.aclose()
        finally:
            await self._connections.put_back(self._connection, whole=self._whole)
