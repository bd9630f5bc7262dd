"""The answers to requests that are refused: problems (RFC 9457), with the faults of briefs in them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from config.errors import IdentityWorkerError
from worker.briefs.faults import Fault

#: What the types of problems begin with; they are names and no addresses.
TYPE = "urn:identity-worker:problem:"
MEDIA_TYPE = "application/problem+json"


class ProblemError(IdentityWorkerError):
    """Raised when a request is not done; becomes its answer."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.headers = status, headers
        self.body: dict[str, Any] = {
            "type": TYPE + kind,
            "title": status.phrase,
            "status": status.value,
            "detail": detail,
            **more,
        }
        if faults:
            self.body["faults"] = [asdict(fault) for fault in faults]

    def answer(self) -> JSONResponse:
        """Return it as an answer."""
        return JSONResponse(self.body, self.status, self.headers, MEDIA_TYPE)


def of_router(request: Request, error: Exception) -> Response:
    """Answer what has no route, or not by this method: under `/v1` as a problem."""
    assert isinstance(error, HTTPException)  # noqa: S101  # as whom Starlette calls this
    status = HTTPStatus(error.status_code)
    if request.url.path != "/v1" and not request.url.path.startswith("/v1/"):
        return PlainTextResponse(status.phrase, status, error.headers)
    detail = f"{request.method} {request.url.path[:200]}: /v1/openapi.json tells what there is"
    return ProblemError(status, "no-such-operation", detail, headers=error.headers).answer()


def bad_request(detail: str) -> ProblemError:
    """Return the problem of a request that can't be read."""
    return ProblemError(HTTPStatus.BAD_REQUEST, "bad-request", detail)


def not_found(what: str) -> ProblemError:
    """Return the problem for a thing that does not exist, or that the caller may not see."""
    return ProblemError(HTTPStatus.NOT_FOUND, "not-found", f"there is no {what}")


def invalid(faults: Sequence[Fault]) -> ProblemError:
    """Return the problem of what breaks rules."""
    told = "; ".join(map(str, faults[:3]))
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", told, faults=faults)


def over_credits(detail: str, seconds: int) -> ProblemError:
    """Return the problem for a caller whose credits are used up for so many seconds."""
    headers = {"Retry-After": str(seconds)}
    return ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "credits-of-the-day", detail, headers=headers)


def conflict(detail: str) -> ProblemError:
    """Return the problem for a request that the present state does not allow."""
    return ProblemError(HTTPStatus.CONFLICT, "conflict", detail)
