"""Gives each request its connection, so that faults can cut it; ASGI itself cannot close one."""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


def protocol_class() -> Any:
    """Uvicorn's HTTP protocol with `transport` in the request's state.

    Not by httptools, which is faster and answers HTTP/1.0 in chunks: no proxy would buffer those.
    """

    class Protocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
            super().connection_made(transport)
            self.app: ASGIApp = _with_transport(self.app, transport)

    return Protocol


def _with_transport(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["transport"] = transport
        await app(scope, receive, send)

    return call
