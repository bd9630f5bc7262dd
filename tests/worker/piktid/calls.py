"""What the client is called with here, and how its errors are caught."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from worker.piktid.answers import Reply
from worker.piktid.error_status import error_of
from worker.piktid.errors import ApiError

TOKEN = "secret-token-of-the-account"

BODY = {"instructions": [{"prompt": "a face", "num_variations": 1}]}

VALIDATION = {
    "error": "Invalid request",
    "detail": [{"field": "instructions.0.options.ar", "message": "Not a ratio", "position": "body"}],
}


def failure(call: Callable[[], object]) -> ApiError:
    with pytest.raises(ApiError) as raised:
        call()
    return raised.value


def refused(
    status: int, body: object = None, headers: dict[str, str] | None = None, *, whole: bool = True
) -> Any:
    """Return the error that an answer stands for."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return error_of("POST /x", Reply(status, httpx.Headers(headers), content, whole), secret=TOKEN)
