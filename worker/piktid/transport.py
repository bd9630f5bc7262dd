"""Sends one request over the pool: what a failure proves, and how much of the answer is read.

`Asked` makes a call of the API of it: with an account's token, and sure that the API itself says no.
"""

import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, TypedDict, Unpack
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from config.errors import IdentityWorkerError
from config.times import longest_call, monotonic
from worker.network.pool import Pool
from worker.network.timed_network import within
from worker.piktid.answers import Reply
from worker.piktid.error_status import RIGHT_PATH, error_of, is_page
from worker.piktid.errors import (
    ApiError,
    ForbiddenError,
    NoApiError,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
)
from worker.tally.calls import counted

#: Longest JSON body read, in bytes: a page of 100 identities takes some 50 KB.
MAX_BODY_BYTES = 4 * 1024 * 1024
#: What the API has for each account, whatever else it has, and how little of it is asked for.
_KNOWN, _LEAST = "/identity", {"page": "1", "per_page": "1"}

#: What httpx raises before it has written the first byte. Whatever else it raises may come after the
#: request has arrived: a reset, for one, even if the server had just closed an idle connection.
_BEFORE_SENDING = (
    httpx.ConnectError,  # refused, no route, no such name, TLS
    httpx.ConnectTimeout,
    httpx.UnsupportedProtocol,
)


#: What httpcore tells its trace right before it writes to the connection.
_WRITES = ("send_request_headers.started", "send_request_body.started")


class _DeadlineError(IdentityWorkerError):
    """Raised in a request that must not be sent any more."""


def fence(send_by: float) -> dict[str, Any]:
    """Return the extensions of a request that is not written after `send_by` (`config.times.monotonic`).

    A process may be frozen between its claim of a paid call and the call: when it goes on, `exchange` raises
    NotSentError. The API acts on a request once it is whole, so the body is checked as well as its head.
    """

    def look(event: str, _: Mapping[str, Any]) -> None:
        if event.endswith(_WRITES) and monotonic() > send_by:
            raise _DeadlineError

    return {"trace": look}


class Sent(TypedDict, total=False):
    """What a request to the API brings: a JSON body, or a form with its type; until when it may be sent."""

    json: object
    form: tuple[bytes, str] | None
    params: Mapping[str, str] | None
    send_by: float | None


def authorized(pool: Pool, method: str, url: str, token: str, **sent: Unpack[Sent]) -> httpx.Request:
    """Return a request with an account's token; raises httpx.InvalidURL."""
    content, content_type = sent.get("form") or (None, None)
    headers = [("Authorization", f"Bearer {token}")]
    send_by = sent.get("send_by")
    return pool.request(
        method,
        url,
        json=sent.get("json"),
        params=sent.get("params"),
        content=content,
        headers=headers if content_type is None else [*headers, ("Content-Type", content_type)],
        extensions=None if send_by is None else fence(send_by),
    )


def exchange(pool: Pool, call: str, request: httpx.Request, max_bytes: int) -> Reply:
    """Send a request, follow no redirect, and read at most about `max_bytes` of the body.

    All of it has ended after `longest_call` of the pool's timeout. Raises NotSentError when the request
    provably never left, OutcomeUnknownError when no status came back.
    """
    with within(longest_call(pool.timeout["read"])):
        try:
            response = pool.handle_request(request)
        except _BEFORE_SENDING as error:
            raise NotSentError(f"{call}: {type(error).__name__}: {error}") from error
        except _DeadlineError as error:
            told = f"{call}: too late to be sent, somebody else may have taken it over"
            raise NotSentError(told) from error
        except Exception as error:
            # Everything: httpx lets some errors of its parts through, and a foreign one must not hide that
            # the request may have arrived. Its text is left out, since it may quote what the server sent.
            raise OutcomeUnknownError(f"{call}: no answer came back ({type(error).__name__})") from error
        with closing(response):
            body, whole = read_body(response, max_bytes)
    return Reply(response.status_code, response.headers, body, whole)


def read_body(response: httpx.Response, max_bytes: int) -> tuple[bytes, bool]:
    """Return a body, and whether it is whole: of an error, the status counts even when its body broke off.

    Not as httpx would unpack it, which knows no limit and as many layers as the header names.
    """
    raw = bytearray()
    try:
        for part in response.iter_raw():
            raw += part
            if len(raw) > max_bytes:
                return bytes(raw), False
    except httpx.HTTPError:
        return bytes(raw), False
    packed = packings(response.headers)
    return _unpacked(raw, packed, max_bytes) if packed else (bytes(raw), True)


def packings(headers: httpx.Headers) -> list[str]:
    """Return the encodings of a body, one item a layer; `identity` is none (RFC 9110, 8.4)."""
    named = [each.strip().lower() for each in headers.get("content-encoding", "").split(",")]
    return [each for each in named if each not in ("", "identity")]


def _unpacked(raw: bytearray, packed: list[str], max_bytes: int) -> tuple[bytes, bool]:
    """Return what one layer of gzip or zlib holds, up to the limit; of anything else, nothing.

    We ask for no compression. But a proxy may compress all the same, and an answer that tells what was bought
    must not be lost.
    """
    if packed not in (["gzip"], ["x-gzip"], ["deflate"]):
        return b"", False
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # either header
    try:
        body = unpacker.decompress(raw, max_bytes + 1)
    except zlib.error:
        return b"", False
    # Behind the end there may be one more of the kind, with the rest of it.
    return body, unpacker.eof and not unpacker.unused_data and len(body) <= max_bytes


def segment(name: str) -> str:
    """Return an id as one segment of a path; dots too, or `..` would climb to another endpoint."""
    return quote(name, safe="", errors="replace").replace(".", "%2E")


class Asked:
    """The API as one account asks it; holds no connection of its own."""

    def __init__(
        self, pool: Pool, base_url: str, token: SecretStr, token_now: Callable[[], SecretStr | None]
    ) -> None:
        self._pool = pool
        self._base_url = base_url
        self._token = token
        self._token_now = token_now

    def call(self, method: str, path: str, *, in_doubt: bool = True, **sent: Unpack[Sent]) -> Reply:
        """Send one request and return its 2xx response: the exact code is certain for no call (6.13).

        Raises ApiError. `in_doubt`: a 403 or 404 is believed only where it is the API that says so.
        """
        token, reply = self._answered(method, path, **sent)
        if 200 <= reply.status < 300:
            return reply
        call, url = f"{method} {path}", self._base_url + path
        error = error_of(call, reply, secret=token.get_secret_value(), url=url)
        if isinstance(error, NotFoundError | ForbiddenError) and in_doubt:
            self._check_said_by_api(call, error)
        raise error

    def _check_said_by_api(self, call: str, error: NotFoundError | ForbiddenError) -> None:
        """Raise NoApiError for a refusal that the list of identities meets as well.

        Gateways have errors in JSON too, for paths that lead nowhere: by them no job counts as forgotten, and
        no brief as refused. Raises OutcomeUnknownError where the list is not answered.
        """
        told = f"{call}: answered {error}"
        try:
            _, reply = self._answered("GET", _KNOWN, params=_LEAST)
        except ApiError as failure:
            raise OutcomeUnknownError(f"{told}; whether by the API is unknown: {failure}") from failure
        if reply.status >= 500:
            raise OutcomeUnknownError(
                f"{told}; whether by the API is unknown: {_KNOWN} answers {reply.status}"
            )
        if reply.status in (403, 404) or is_page(reply):
            what = f"what answers {call} answers GET {_KNOWN} with {reply.status} as well, and is not the API"
            raise NoApiError(error.status, f"{what}: {RIGHT_PATH}")

    def _answered(self, method: str, path: str, **sent: Unpack[Sent]) -> tuple[SecretStr, Reply]:
        """Send a request, and once more if its token is refused and there is another one by now."""
        call, url = f"{method} {path}", self._base_url + path

        def send(token: SecretStr) -> Reply:
            try:
                request = authorized(self._pool, method, url, token.get_secret_value(), **sent)
            except httpx.InvalidURL as error:
                raise NotSentError(f"{method}: the path is too long for a URL") from error
            return counted(call, lambda: exchange(self._pool, call, request, MAX_BODY_BYTES))

        token, reply = self._token, send(self._token)
        if reply.status == httpx.codes.UNAUTHORIZED:
            now = self._token_now()
            if now is not None and now != token:
                self._token = token = now
                reply = send(token)
        return token, reply
