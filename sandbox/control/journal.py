"""GET /_sandbox/journal: the last requests and answers."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.api.context import world_of


async def read_journal(request: Request) -> JSONResponse:
    """Oldest first; `?account=` chooses one account, `?limit=` the last so many."""
    query = request.query_params
    limit = query.get("limit", "")
    entries = world_of(request).journal.read(
        query.get("account"), int(limit) if limit.isdecimal() and 0 < len(limit) < 7 else 100
    )
    return JSONResponse(entries)
