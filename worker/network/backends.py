"""What connects by asyncio, straight or through a proxy, and what keeps quiet connections alive."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import httpcore

from worker.network.proxies import Proxy
from worker.network.tunnels import reaching, tunnel_async

#: Seconds of quiet after which TCP asks whether the peer is there, and then between its questions; questions
#: without an answer that end the connection. Routers and firewalls forget quiet ones, some in a minute.
_ASK_AFTER, _ASK_AGAIN, _QUESTIONS = 20, 10, 3
_WANTED = {"TCP_KEEPIDLE": _ASK_AFTER, "TCP_KEEPINTVL": _ASK_AGAIN, "TCP_KEEPCNT": _QUESTIONS}
#: Options of a socket, as far as the system has them.
KEPT_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _WANTED.items()
        if hasattr(socket, name)
    ),
]


class Backend(httpcore.AsyncNetworkBackend, ABC):
    """What connects, as httpcore asks for it; nobody here asks for an address of this machine."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002  # httpcore's
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host."""
        return await self.reach(host, port, timeout, socket_options or ())

    @abstractmethod
    async def reach(
        self, host: str, port: int, seconds: float | None, options: Iterable[Any]
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host within so many seconds, with these options of the socket."""


class ProxiedBackend(Backend):
    """Connects by `plain` to a proxy, and through that to a host."""

    def __init__(self, proxy: Proxy, plain: Backend) -> None:
        self._proxy = proxy
        self._plain = plain

    async def reach(
        self, host: str, port: int, seconds: float | None, options: Iterable[Any]
    ) -> httpcore.AsyncNetworkStream:
        """Connect, either part within so many seconds."""
        proxy = self._proxy
        with reaching(proxy):
            plain = await self._plain.reach(proxy.host, proxy.port, seconds, options)
        try:
            return await tunnel_async(plain, proxy, host, port, seconds)
        except BaseException:
            await plain.aclose()
            raise
