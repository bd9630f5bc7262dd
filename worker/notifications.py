"""The event stream of one account (piktid-v2.md 3.2): one connection, read as notifications.

An event is a hint to look at a job, never the verdict on it, so of its body only whose it is gets read.
"""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse
from pydantic import SecretStr

from worker.json_values import number

#: Seconds between two comments with which the API keeps a quiet stream open, and how long without any
#: frame means that the peer is dead.
KEEPALIVE = 15.0
SILENCE = 3 * KEEPALIVE


class StreamEnded(Exception):
    """Raised when the stream is over, for whatever reason; `status` is the API's answer if it gave one."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


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


class _Tapped(httpx.AsyncByteStream):
    """A body that tells of each piece: comments are a sign of life, and httpx-sse hides them."""

    def __init__(self, body: httpx.AsyncByteStream, heard: Callable[[], None]) -> None:
        self._body = body
        self._heard = heard

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._body:
            self._heard()
            yield piece

    async def aclose(self) -> None:
        await self._body.aclose()


async def follow(
    client: httpx.AsyncClient,
    api_url: str,
    token: SecretStr,
    silence: float = SILENCE,
    heard: Callable[[], None] = lambda: None,
) -> AsyncIterator[Frame]:
    """Yield what comes, the kept events first; `heard` is called at each sign of life.

    Never returns: raises StreamEnded when the connection ends, is refused, or is silent for `silence`
    seconds.
    """
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
    timeout = httpx.Timeout(10.0, read=silence)
    try:
        async with aconnect_sse(
            client, "GET", f"{api_url}/notifications/events", headers=headers, timeout=timeout
        ) as source:
            # httpx-sse would read the body of an error as events.
            if source.response.status_code != httpx.codes.OK:
                status = source.response.status_code
                raise StreamEnded(f"the API answered {status} to the event stream", status)
            body = cast(httpx.AsyncByteStream, source.response.stream)
            source.response.stream = _Tapped(body, heard)
            yield "opened"
            async for frame in source.aiter_sse():
                if frame.event == "backfill_complete":
                    yield "replayed"
                elif frame.data:  # after an id, a comment is an event without data
                    yield read_frame(frame) or "unreadable"
    except httpx.HTTPError as error:
        raise StreamEnded(f"{type(error).__name__}: {error}") from error
    raise StreamEnded("the API closed the event stream")


def read_frame(frame: ServerSentEvent) -> Notification | None:
    """Return what a frame says, None for one that says nothing that can be read (piktid-v2.md 6.7)."""
    try:
        body = json.loads(frame.data)
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
        name=str(body.get("name")),
        job=job,
        code=_text(data.get("identity_code")),
        sent_at=number(body.get("timestamp")),
    )


def _text(value: object) -> str | None:
    """Return an id as text: the API writes some as numbers (piktid-v2.md 6.2)."""
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        return None
    return str(value)[:200]
