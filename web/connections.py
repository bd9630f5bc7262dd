"""Limits the connections of `web`: how many, and how long each may take over a request.

Uvicorn limits the time between two requests, not that of a request of which half was sent: a client that
opened a few hundred such connections kept everybody else out, and asyncio wrote a traceback for each further
one.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from config import durations, logs
from config.logs import Trouble
from worker.network.descriptors import allow_many

log = logs.get("web")

#: Bytes that the head of a request may have.
MAX_HEAD = 16 * 1024
#: Connections at once, if there are descriptors enough: some are left for Redis, files, and new connections.
CONNECTIONS = 256
_RESERVED = 128
#: Connections that are accepted in one go, before the first of them is looked at.
_BACKLOG = 64

_full = Trouble(log, "connections.full")
_not_accepted = Trouble(log, "connections.error")


def server_config(app: ASGIApp, descriptors: Callable[[], int] = allow_many) -> uvicorn.Config:
    """Return how uvicorn runs `app` with as many connections as this process may have."""
    return uvicorn.Config(
        app,
        http=protocol(max(1, min(CONNECTIONS, descriptors() - _RESERVED))),
        ws="none",
        log_config=None,
        log_level="error",  # a warning for each request that is none would be the sender's to choose
        access_log=False,
        proxy_headers=False,  # whom settings name is who connects, whatever is said on the way
        server_header=False,
        backlog=_BACKLOG,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_graceful_shutdown=durations.WEB_STOP_SECONDS,
    )


class Server(uvicorn.Server):
    """Uvicorn, which logs where it answers once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if not self.started:
            return
        for each in sockets or ():
            host, port = each.getsockname()[:2]
            log.info("web.listens", address=f"http://{f'[{host}]' if ':' in host else host}:{port}")


def log_loop_errors(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what goes wrong in the event loop as one line now and then; asyncio would write all of it."""
    _not_accepted.met(what=context["message"], error=repr(context.get("exception")))


def protocol(most: int) -> type[H11Protocol]:
    """Return the protocol of a server that holds at most so many connections."""
    return type("Limited", (_Limited,), {"most": most})


class _Limited(H11Protocol):
    """One connection, which is closed when a request's head takes too long; where it is one too many, the
    one that has waited longest for the rest of a request makes room."""

    most: int

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._expect_request()
        alive = [each for each in self.connections if not each.transport.is_closing()]
        if len(alive) > self.most:
            _full.met(connections=len(alive))
            waiting = [each for each in alive if isinstance(each, _Limited) and each._is_waiting]
            min(waiting, key=lambda each: each._waits_since, default=self).transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering:
            self._head_timer.cancel()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_answering:  # else the next request had come with this one
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_timer.cancel()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        self._waits_since = self.loop.time()
        self._head_timer = self.loop.call_later(durations.WEB_HEAD_SECONDS, self.transport.abort)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _is_waiting(self) -> bool:
        """Whether the peer has not sent the whole of a request yet."""
        return not self._is_answering or self.cycle.more_body
