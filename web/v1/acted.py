"""`GET /v1/actions`: the log of what people did, by pages."""

from http import HTTPStatus

import redis
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from web.v1.paging import limit_in
from web.v1.problems import ProblemError, bad_request
from worker.callers.tokens import Caller
from worker.operations import actions


def acted(client: "redis.Redis", caller: Caller, request: Request) -> Response:
    """Return a page of the log. Raises ProblemError; 403 for a caller who may not see all accounts."""
    if not caller.sees_all or caller.accounts:
        detail = f"{caller.name} may not use all accounts, and the log tells of all"
        raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail)
    limit = limit_in(request)
    try:
        found = actions.page(client, limit, request.query_params.get("after"))
    except actions.CursorError as error:
        raise bad_request(str(error)) from None
    after = found[-1].cursor if len(found) == limit else None
    return JSONResponse({"actions": [each.action for each in found], "after": after})
