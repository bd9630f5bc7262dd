"""GET /_sandbox/journal: the last requests and answers."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.common.names import account_name
from sandbox.serving.context import world_of


async def read_journal(request: Request) -> JSONResponse:
    """Oldest first; `?account=` chooses one account, `?limit=` the last so many."""
    query = request.query_params
    account = query.get("account")
    limit = query.get("limit", "")
    count = int(limit) if limit.isdecimal() and 0 < len(limit) < 7 else 100
    name = account_name(account) if account else None
    return JSONResponse(world_of(request).journal.read(name, count))
