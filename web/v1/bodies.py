"""Bodies of requests: read up to a bound, as JSON or as lines of JSON."""

import json
from http import HTTPStatus
from typing import Any

from starlette.requests import Request

from web.v1 import bounded
from web.v1.problems import ProblemError, bad_request

#: Bytes of the largest body, and briefs in it.
MAX_BODY = 16 * 1024 * 1024
MAX_BRIEFS = 10_000

_LINES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines")


async def read(request: Request) -> bytes:
    """Return a request's body. Raises ProblemError 413, 415, 408."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        detail = f"Content-Encoding '{encoding[:40]}': bodies are taken as they are, without one"
        headers = {"Accept-Encoding": "identity"}
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-encoding", detail, headers=headers)
    try:
        return await bounded.read(request, MAX_BODY)
    except bounded.TooLargeError:
        detail = f"the body has more than {MAX_BODY} bytes; send it in parts"
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail) from None
    except bounded.NotWholeError:
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, "timeout", "the body did not come whole") from None


def briefs_in(body: bytes, content_type: str) -> tuple[list[Any], bool]:
    """Return the briefs in a body, and whether they are many: an array, or lines of JSON."""
    if content_type.partition(";")[0].strip().lower() in _LINES:
        found, many = (
            [_json(line, f"line {n}") for n, line in enumerate(body.splitlines(), 1) if line.strip()],
            True,
        )
    else:
        told = _json(body, "the body")
        found, many = (told, True) if isinstance(told, list) else ([told], False)
    if len(found) > MAX_BRIEFS:
        detail = f"{len(found)} briefs are more than the {MAX_BRIEFS} of one request; send them in parts"
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail)
    if not found:
        raise bad_request("the body holds no brief")
    return found, many


def object_in(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body; an empty body is an empty object. Raises ProblemError 400."""
    told = _json(body, "the body") if body.strip() else {}
    if not isinstance(told, dict):
        raise bad_request("the body must be a JSON object")
    try:
        json.dumps(told, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:  # also of half a character
        raise bad_request(f"the body holds what is no JSON: {error}") from None
    return told


def _json(text: bytes, what: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise bad_request(f"{what} is no JSON: {error}") from None
    except ValueError:  # of a number alone, as Python bounds its digits
        raise bad_request(f"{what} holds a number of too many digits") from None
    except RecursionError:
        raise bad_request(f"{what} is nested too deep") from None
