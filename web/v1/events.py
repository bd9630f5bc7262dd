"""`GET /v1/events`: the events for downstream, a page as JSON or as they come by server-sent events."""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import redis
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from config import logs
from config.logs import Trouble
from config.shards import MOST as MOST_SHARDS
from web.v1.news import Waiting
from web.v1.problems import ProblemError, bad_request
from worker.callers import sent
from worker.callers.tokens import Caller
from worker.ledger.events import BriefConflict
from worker.shards.merged import clients_of
from worker.views import outbox
from worker.views.outbox import Entry

log = logs.get("web")
_unread = Trouble(log, "v1.events_unread")

#: Events of a page, and at most.
PAGE, MOST = 100, 500

#: An entry of the stream; where there are shards, one of each.
_ENTRY = r"\d{1,19}(-\d{1,19})?"
_PLACE = re.compile(f"{_ENTRY}(,{_ENTRY}){{0,{MOST_SHARDS - 1}}}")


def wants_stream(request: Request) -> bool:
    """Return whether a request asks for server-sent events; a HEAD of them would never end."""
    return request.method == "GET" and "text/event-stream" in request.headers.get("accept", "")


def page(client: "redis.Redis", caller: Caller, request: Request) -> Response:
    """Return the events after a place; `after` is the place to go on from, `more` whether there are any.

    The limit is of those that are gone through: a page of events of others is empty, and not the end.
    """
    given = request.query_params
    limit = given.get("limit", str(PAGE))
    if not limit.isdecimal() or len(limit) > 3 or not 0 < int(limit) <= MOST:
        raise bad_request(f"limit '{limit[:40]}': a whole number from 1 to {MOST}")
    place = place_in(client, request)
    read = outbox.read(client, place, count=int(limit) + 1)
    entries = read[: int(limit)]
    told = [
        _told(entry.id, entry.event.model_dump(mode="json")) for entry in seen_by(client, caller, entries)
    ]
    last = entries[-1].id if entries else place
    return JSONResponse({"events": told, "after": last, "more": len(read) > len(entries)})


def stream(
    client: "redis.Redis",
    waiting: "Sequence[redis.asyncio.Redis]",
    known: Callable[[], Caller],
    request: Request,
) -> StreamingResponse:
    """Return the events after a place and as they come, each with its place as its id.

    `client` reads all shards, and each of `waiting` waits at one. `known` says who reads; it raises
    ProblemError once the token is revoked, which ends the stream.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    sent_events = _sent(client, waiting, known, place_in(client, request))
    return StreamingResponse(sent_events, headers=headers, media_type="text/event-stream")


def place_in(client: "redis.Redis", request: Request) -> str:
    """Return the place in the stream that a request goes on from. Raises ProblemError."""
    place = request.headers.get("last-event-id") or request.query_params.get("after", "0")
    if not _PLACE.fullmatch(place) or place.count(",") >= len(clients_of(client)):
        raise bad_request(f"after '{place[:40]}': is no place in the stream, as 1700000000000-0")
    return place


def seen_by(client: "redis.Redis", caller: Caller, entries: Sequence[Entry]) -> list[Entry]:
    """Return those of the events that a caller may see: of its accounts, or of what it has sent."""
    if caller.sees_all:
        return [entry for entry in entries if caller.may_use(str(entry.event.data.get("account")))]
    # An event about an account has no brief, and "" is the id of none.
    ids = [str(entry.event.data.get("brief_id") or "") for entry in entries]
    ours = sent.has_sent(client, caller, ids)
    return [_of_own(entry) for entry, mine in zip(entries, ours, strict=True) if mine]


def _of_own(entry: Entry) -> Entry:
    """Return an event as the sender of its brief may see it; of a conflict, the refused brief is hidden."""
    if entry.event.type != BriefConflict.type:
        return entry
    data = entry.event.data | {"batch": None, "metadata": {}, "differs": [], "faults": None}
    return Entry(entry.id, entry.event.model_copy(update={"data": data}))


async def _sent(
    client: "redis.Redis", waiting: "Sequence[redis.asyncio.Redis]", known: Callable[[], Caller], place: str
) -> AsyncIterator[str]:
    """Yield server-sent events, and a comment when nothing came: so whoever is gone is noticed.

    It ends with the token, and where Redis refuses: whoever comes again is told why.
    """
    yield "retry: 3000\n\n"
    try:
        async with contextlib.aclosing(Waiting(waiting)) as news:
            while True:
                entries, seen = await run_in_threadpool(_next, client, known, place)
                for entry in seen:
                    yield f"id: {entry.id}\nevent: {entry.event.type}\ndata: {_text(entry)}\n\n"
                place = entries[-1].id if entries else place
                if not entries and not await news.after(place):
                    yield ": nothing new\n\n"
    except ProblemError:
        return
    except redis.RedisError as error:
        _unread.met(error=str(error))


def _next(
    client: "redis.Redis", known: Callable[[], Caller], place: str
) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """Return the next events, and those of them that whoever reads may see, as it stands by then."""
    entries = outbox.read(client, place, count=PAGE)
    return entries, seen_by(client, known(), entries)


def _told(place: str, event: dict[str, Any]) -> dict[str, Any]:
    return event | {"entryid": place}


def _text(entry: Entry) -> str:
    return json.dumps(_told(entry.id, entry.event.model_dump(mode="json")), ensure_ascii=False)
