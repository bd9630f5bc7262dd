"""The asyncio connections of event streams through a proxy, and what keeps the quiet ones alive."""

import socket
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


class ProxiedBackend(httpcore.AsyncNetworkBackend):
    """Connects by `plain` to a proxy, and through that to a host."""

    def __init__(self, proxy: Proxy, plain: httpcore.AsyncNetworkBackend) -> None:
        self._proxy = proxy
        self._plain = plain

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect, either part within so many seconds."""
        proxy = self._proxy
        with reaching(proxy):
            plain = await self._plain.connect_tcp(
                proxy.host, proxy.port, timeout, local_address, socket_options
            )
        try:
            return await tunnel_async(plain, proxy, host, port, timeout)
        except BaseException:
            await plain.aclose()
            raise
