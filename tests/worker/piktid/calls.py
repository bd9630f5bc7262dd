"""What the client is called with here, and how its errors are caught."""

from collections.abc import Callable
from typing import Any

import pytest
from scripted_server import Server, answer

from worker.piktid.client import PiktID
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


def refused(server: Server, api: PiktID, status: int, body: object, **headers: str) -> Any:
    server.answers = [
        answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})
    ]
    return failure(lambda: api.promote(1))
