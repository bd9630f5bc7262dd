"""Follows the event stream of one account (piktid-v2.md 3.2): one connection, read as notifications.

An event only says that a job should be looked at, so nothing of its body is read but which job it names.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import httpx
from httpx_sse import EventSource, ServerSentEvent
from pydantic import SecretStr

from config import durations
from config.errors import IdentityWorkerError
from worker.piktid.error_status import redirection
from worker.piktid.event_stream import LineFilter
from worker.piktid.json_values import PAGE, number

_PATH = "/notifications/events"
#: Seconds since 1970 that no clock shows: the year 5138.
_NEVER = 1e11


#: What holds back a stream of which nothing comes, though others reach the API by the same way.
_BUFFERED = (
    "does a proxy in between buffer it? It is to pass on what comes at once (nginx: proxy_buffering off)"
)


class StreamEndedError(IdentityWorkerError):
    """Raised when the stream is over, for whatever reason."""


class StreamStalledError(StreamEndedError):
    """Raised when nothing comes of a stream whose connection stands."""


@dataclass(frozen=True)
class Notification:
    """One event: its id for DELETE, its name, and what it names: a job, an identity, both or neither."""

    id: str
    name: str
    job: str | None
    code: str | None
    sent_at: float | None = None
    """Seconds since 1970, by the API's clock."""


#: What a stream yields: that it is open, that the kept events have all come, an event, or an illegible one.
Frame = Notification | Literal["opened", "replayed", "unreadable"]


async def follow(
    transport: httpx.AsyncBaseTransport,
    api_url: str,
    token: SecretStr,
    silence: float | None = None,
    heard: Callable[[], None] = lambda: None,
    opening: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
) -> AsyncGenerator[Frame, None]:
    """Yield what comes, the kept events first; `heard` is called at each sign of life.

    It is opened within `opening`, which may make it wait. Never returns: raises StreamEndedError when the
    connection ends, is refused, or is silent for `silence` seconds (none: three times the API's keepalive).
    """
    silence = silence or durations.SILENCE_SECONDS
    try:
        async with opening():
            body = await _open(transport, api_url, token, silence)
        async with aclosing(body):
            yield "opened"
            async for event in _events(body, heard):
                if event.event == "backfill_complete":
                    yield "replayed"
                elif event.data:  # after an id, a comment is an event without data
                    yield read_frame(event) or "unreadable"
    except httpx.ReadTimeout as error:
        raise StreamStalledError(stalled("nothing has come of the event stream", silence)) from error
    except httpx.HTTPError as error:
        raise StreamEndedError(f"{type(error).__name__}: {error}") from error
    raise StreamEndedError("the API closed the event stream")


def stalled(what: str, seconds: float) -> str:
    """Return in words what a stream lacks that has brought nothing for so long, and the likely reason."""
    return f"{what} for {seconds:.0f} s: {_BUFFERED}"


async def _open(
    transport: httpx.AsyncBaseTransport, api_url: str, token: SecretStr, silence: float
) -> httpx.AsyncByteStream:
    """Open a stream past httpx's client, which would keep 5 KB for each, and knows cookies and redirects.

    Return just the body: the rest of the answer would be kept for as long as the stream is open.
    """
    headers = {
        "User-Agent": "identity-worker",
        "Accept": "text/event-stream",
        # Unpacked, a small answer can be a large one.
        "Accept-Encoding": "identity",
        "Cache-Control": "no-store",
        "Authorization": f"Bearer {token.get_secret_value()}",
    }
    # Connecting ends sooner than the opening as a whole, so that the two are told apart.
    timeout = httpx.Timeout(durations.HTTP_CONNECT_SECONDS, read=silence).as_dict()
    url = f"{api_url.rstrip('/')}{_PATH}"
    request = httpx.Request("GET", url, headers=headers, extensions={"timeout": timeout})
    try:
        async with asyncio.timeout(durations.STREAM_OPENING_SECONDS):
            answer = await transport.handle_async_request(request)
    except (TimeoutError, httpx.ReadTimeout) as error:
        seconds = min(silence, durations.STREAM_OPENING_SECONDS)
        raise StreamStalledError(stalled("the API has not begun its event stream", seconds)) from error
    try:
        _check(answer, url)
    except StreamEndedError:
        await answer.aclose()
        raise
    return cast(httpx.AsyncByteStream, answer.stream)


def _check(answer: httpx.Response, url: str) -> None:
    """Raise StreamEndedError unless an answer is an event stream: the body of an error may look like one."""
    if answer.status_code != httpx.codes.OK:
        status = answer.status_code
        told = f"the API answered {status} to the event stream"
        if answer.has_redirect_location:
            told += f": {redirection(url, _PATH, answer.headers['location'])}"
        raise StreamEndedError(told)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/event-stream":
        told = f"the API answered no event stream but {kind[:100]!a}"
        raise StreamEndedError(f"{told}: {PAGE.removeprefix('with ')}" if kind == "text/html" else told)
    packed = answer.headers.get("content-encoding", "identity")
    if packed != "identity":
        raise StreamEndedError(f"the API packed the event stream as {packed[:100]!a}")


def _events(body: httpx.AsyncByteStream, heard: Callable[[], None]) -> AsyncIterator[ServerSentEvent]:
    """Return the events of an answer's body; `heard` is called at each piece, since httpx-sse hides comments.

    It is called once whoever asks for events is done with those of the piece.
    """

    async def filtered() -> AsyncIterator[str]:
        lines = LineFilter()
        async for piece in body:
            # Whole lines, so no character is cut.
            yield lines.feed(piece).decode("utf-8", "replace")
            heard()

    return EventSource(cast(httpx.Response, _Text(filtered()))).aiter_sse()


class _Text:
    """What httpx-sse reads of a response, and no more: a whole one would take 3 KB for each stream."""

    # Not the answer's own type: httpx-sse minds its case.
    headers: ClassVar = {"content-type": "text/event-stream"}

    def __init__(self, text: AsyncIterator[str]) -> None:
        self._text = text

    def aiter_text(self) -> AsyncIterator[str]:
        """Return the text, piece by piece."""
        return self._text


def read_frame(event: ServerSentEvent) -> Notification | None:
    """Return what an event says, None for one that says nothing that can be read (piktid-v2.md 6.7)."""
    try:
        body = json.loads(event.data)
    except (ValueError, RecursionError):
        return None
    return read_event(body)


def read_event(body: Any) -> Notification | None:
    """Return the notification that a decoded event object is (piktid-v2.md 3.1), None if it is none."""
    if not isinstance(body, dict) or _text(body.get("id")) is None:
        return None
    data = body["data"] if isinstance(body.get("data"), dict) else {}
    job = _text(data.get("id_task")) or _text(data.get("job_id"))
    return Notification(
        id=_text(body["id"]) or "",
        name=_text(body.get("name")) or "",
        job=job,
        code=_text(data.get("identity_code")),
        sent_at=_time(body.get("timestamp")),
    )


def _text(value: object) -> str | None:
    """Return an id as text: the API writes some as numbers (piktid-v2.md 6.2)."""
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        return None
    # Redis and URLs are UTF-8, which has no lone surrogates.
    return str(value)[:200].encode("utf-8", "replace").decode()


def _time(value: object) -> float | None:
    """Return a time in seconds since 1970, if it can be one."""
    seconds = number(value)
    return seconds if seconds is not None and abs(seconds) < _NEVER else None
