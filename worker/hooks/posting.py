"""Posts messages to others' endpoints, over asyncio: no redirect, no cookie, a bounded answer, an end.

Somebody could name a URL that leads to what only this machine can reach. So the address is checked when the
connection is made, and is the very one that is connected to (as in `worker/files/fetching.py`).
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any, NamedTuple, cast

import httpcore

from config import durations
from config.errors import NetworkSettingsError
from worker.network.addresses import is_address, resolve
from worker.network.asyncio_network import AsyncioBackend
from worker.network.backends import Backend, ProxiedBackend
from worker.network.destinations import CONNECTION_ERRORS, NEXT_ADDRESS
from worker.network.errors import FileRefusedError, FileUnavailableError
from worker.network.proxies import Proxies, Proxy
from worker.network.tls import tls, told

#: Bytes of an answer that are read: what it says does not matter, and a connection is kept for it.
_ANSWER = 16 * 1024
#: Addresses of a host that are tried; connections of an endpoint that are kept; names looked up at once.
_ADDRESSES, _IDLE, _LOOK_UPS = 4, 4, 32
#: How long they are kept, as `open_pool` says.
_IDLE_SECONDS = 1.0

#: Scheme, host and port.
_Place = tuple[bytes, bytes, int | None]


class Posted(NamedTuple):
    """The outcome of sending a message: the status of the answer, or None and why there is none."""

    status: int | None
    error: str | None = None
    retry_after: str | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the endpoint has taken the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def why(self) -> str | None:
        """Say why it was not taken; None: it was."""
        if self.is_taken:
            return None
        if self.status is not None and 300 <= self.status < 400:
            return f"answered {self.status}: redirects are not followed"
        return self.error if self.status is None else f"answered {self.status}"


class Poster:
    """The connections to endpoints, within one loop; `private` allows addresses that are not public."""

    def __init__(self, *, private: bool) -> None:
        """Raise NetworkSettingsError, as `open_pool` does."""
        self._private = private
        self._plain = AsyncioBackend()
        self._proxies = Proxies()
        self._tls = tls()
        self._names = ThreadPoolExecutor(_LOOK_UPS, "endpoint names")
        self._idle: defaultdict[_Place, deque[httpcore.AsyncHTTPConnection]] = defaultdict(deque)
        """The one that was used last is the last one."""

    async def aclose(self) -> None:
        """Close the connections that are idle."""
        for connections in self._idle.values():
            for connection in connections:
                await connection.aclose()
        self._names.shutdown(wait=False)

    async def post(self, url: httpcore.URL, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Post a message, within `durations.HOOK_SECONDS` in all; whatever goes wrong is in the answer."""
        try:
            async with asyncio.timeout(durations.HOOK_SECONDS):
                return await self._sent(_request(url, body, headers))
        except TimeoutError:
            return Posted(None, f"no answer within {durations.HOOK_SECONDS:g} s")
        except (*CONNECTION_ERRORS, httpcore.ConnectionNotAvailable, NetworkSettingsError) as error:
            return Posted(None, told(error) or type(error).__name__)

    async def _sent(self, request: httpcore.Request) -> Posted:
        origin = request.url.origin
        connection = await self._taken(origin)
        try:
            answer = await connection.handle_async_request(request)
            async with aclosing(cast("Any", answer.stream)) as stream:
                left = _ANSWER
                async for piece in stream:
                    left -= len(piece)
                    if left <= 0:
                        break
        except BaseException:
            await connection.aclose()
            raise
        if connection.is_idle():
            await self._kept(origin, connection)
        after = next((value for name, value in answer.headers if name.lower() == b"retry-after"), None)
        return Posted(answer.status, retry_after=None if after is None else after.decode("latin-1"))

    async def _taken(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        idle = self._idle[_place(origin)]
        while idle:
            connection = idle.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return httpcore.AsyncHTTPConnection(
            origin,
            ssl_context=self._tls,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=self._backend(origin),
        )

    async def _kept(self, origin: httpcore.Origin, connection: httpcore.AsyncHTTPConnection) -> None:
        idle = self._idle[_place(origin)]
        idle.append(connection)
        if len(idle) > _IDLE:
            await idle.popleft().aclose()

    def _backend(self, origin: httpcore.Origin) -> Backend:
        proxy = self._proxies.of(origin.scheme.decode(), origin.host.decode(), origin.port)
        return GuardedBackend(self._plain, proxy, self._names, private=self._private)


class GuardedBackend(Backend):
    """Connects to public addresses alone, or with `private` to any; a proxy is told the address."""

    def __init__(
        self,
        plain: Backend,
        proxy: Proxy | None,
        names: ThreadPoolExecutor,
        *,
        private: bool,
    ) -> None:
        self._way = plain if proxy is None else ProxiedBackend(proxy, plain)
        self._by_name = private and proxy is not None
        self._names = names
        self._private = private

    async def reach(
        self, host: str, port: int, seconds: float | None, options: Iterable[Any]
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers. Raises httpcore.ConnectError and ConnectTimeout."""
        last: Exception = httpcore.ConnectError(f"{host} has no address")
        addresses = ([host] if self._by_name else await self._addresses(host, port))[:_ADDRESSES]
        for number, address in enumerate(addresses, 1):
            # A silent one must not use up the time of the next; of the last one there is no next.
            most = seconds if number == len(addresses) else NEXT_ADDRESS * 4
            try:
                return await self._way.reach(address, port, most, options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def _addresses(self, host: str, port: int) -> list[str]:
        def found() -> list[str]:
            return resolve(host, port, durations.HTTP_CONNECT_SECONDS, private=self._private)

        try:
            if is_address(host):
                return found()
            return await asyncio.get_running_loop().run_in_executor(self._names, found)
        except (FileRefusedError, FileUnavailableError) as error:
            raise httpcore.ConnectError(str(error)) from error


def _place(origin: httpcore.Origin) -> _Place:
    return origin.scheme, origin.host, origin.port


def _request(url: httpcore.URL, body: bytes, headers: Mapping[str, str]) -> httpcore.Request:
    host = url.host if url.port is None else b"%b:%d" % (url.host, url.port)
    sent: list[tuple[bytes | str, bytes | str]] = [
        ("Host", host),
        ("Content-Length", str(len(body))),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", "identity-worker"),
        *headers.items(),
    ]
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), durations.HOOK_SECONDS)
    timeout["connect"] = durations.HTTP_CONNECT_SECONDS
    return httpcore.Request("POST", url, headers=sent, content=body, extensions={"timeout": timeout})
