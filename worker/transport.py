"""One request and its reply over the pool: what a failure proves, and how much of a body is read."""

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx

from worker.api_errors import NotSent, OutcomeUnknown
from worker.clock import clock

#: Seconds for all of one body. The pool's read timeout bounds each read only, so drops could go on for ever.
BODY_SECONDS = 120.0

#: What httpx raises before it has written the first byte. Whatever else it raises may come after the
#: request has arrived: a reset, for one, even if the server had just closed an idle connection.
_BEFORE_SENDING = (
    httpx.ConnectError,  # refused, no route, no such name, TLS
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,  # the proxy refused the tunnel
    httpx.UnsupportedProtocol,
)


#: What httpcore tells its trace right before it writes to the connection.
_WRITES = ("send_request_headers.started", "send_request_body.started")


class _TooLate(Exception):
    """Raised out of a request whose time to be sent is over."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response as far as it was read; `whole` is False when it broke off or was too long."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


def fence(send_by: float) -> dict[str, Any]:
    """Return the extensions of a request that is not written after `send_by`, in seconds of `clock`.

    Whoever was frozen between its claim and its call finds itself here, on the way to the socket: `exchange`
    raises NotSent. A request is acted on when it is whole, so its body is looked at as well.
    """

    def look(event: str, _: Mapping[str, Any]) -> None:
        if event.endswith(_WRITES) and clock() > send_by:
            raise _TooLate

    return {"trace": look}


def exchange(
    pool: httpx.Client,
    call: str,
    request: httpx.Request,
    max_bytes: int,
    body_seconds: float = BODY_SECONDS,
) -> Reply:
    """Send a request, follow no redirect, and read at most about `max_bytes` of the body.

    Raises NotSent when the request provably never left, OutcomeUnknown when no status came back.
    """
    try:
        response = pool.send(request, stream=True, follow_redirects=False)
    except _BEFORE_SENDING as error:
        raise NotSent(f"{call}: {type(error).__name__}: {error}") from error
    except _TooLate as error:
        raise NotSent(f"{call}: too late to be sent, somebody else may have taken it over") from error
    except Exception as error:
        # Everything: httpx lets some errors of its parts through, and a foreign one must not hide that the
        # request may have arrived. Its text is left out, since it may quote what the server sent.
        raise OutcomeUnknown(f"{call}: no answer came back ({type(error).__name__})") from error
    with closing(response):
        body, whole = read_body(response, max_bytes, body_seconds)
    return Reply(response.status_code, response.headers, body, whole)


def read_body(response: httpx.Response, max_bytes: int, seconds: float = BODY_SECONDS) -> tuple[bytes, bool]:
    """Return a body, and whether it is whole: of an error, the status counts even when its body broke off."""
    deadline = time.monotonic() + seconds
    body = bytearray()
    try:
        for part in response.iter_bytes():
            body += part
            if len(body) > max_bytes or time.monotonic() > deadline:
                return bytes(body), False
    except httpx.HTTPError:
        return bytes(body), False
    return bytes(body), True
