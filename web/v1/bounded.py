"""Reads bodies of requests with a limit of bytes and of time, since anybody may send them."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from config import durations
from config.errors import IdentityWorkerError


class TooLargeError(IdentityWorkerError):
    """Raised when a body is larger than it may be."""


class NotWholeError(IdentityWorkerError):
    """Raised when the rest of a body does not come in time, or whoever sends it is gone."""


async def read(request: Request, most: int) -> bytes:
    """Return a request's body of at most so many bytes. Raises TooLargeError, NotWholeError."""
    body = bytearray()
    try:
        async with asyncio.timeout(durations.WEB_BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise TooLargeError(f"over {most} bytes")
    except (TimeoutError, ClientDisconnect) as error:
        raise NotWholeError("it did not come whole") from error
    return bytes(body)
