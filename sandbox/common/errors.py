"""The root of the sandbox's exceptions, and the errors that the API answers, in the documented shape."""

from dataclasses import dataclass
from typing import Any


class SandboxError(Exception):
    """Any error of the sandbox; the classes below it end in `Error` and say when they are raised."""


class ApiError(SandboxError):
    """Raised by any part of the sandbox to answer the request with this status and body."""

    def __init__(
        self, status: int, error: str, fields: dict[str, Any] | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(error)
        self.status = status
        self.body: dict[str, Any] = {"error": error, **(fields or {})}
        self.headers = {} if retry_after is None else {"Retry-After": str(max(1, round(retry_after)))}


@dataclass(frozen=True)
class Fault:
    """One broken rule of a request: where and why."""

    field: str | None
    message: str
    position: str = "body"


def invalid(faults: list[Fault]) -> ApiError:
    """The validation answer: 400 with every fault (reference, section 1)."""
    detail = [{"field": f.field, "message": f.message, "position": f.position} for f in faults]
    return ApiError(400, "Invalid request", {"detail": detail})
