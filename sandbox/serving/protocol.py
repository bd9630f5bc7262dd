"""Gives each request its connection, so that faults can cut it; ASGI itself cannot close one."""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol


def protocol_class() -> Any:
    """Uvicorn's HTTP protocol (the fast one if it is installed) with `transport` in the request's state."""

    class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self.app: ASGIApp = _with_transport(self.app, transport)

    return Protocol


def _with_transport(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["transport"] = transport
        await app(scope, receive, send)

    return call
