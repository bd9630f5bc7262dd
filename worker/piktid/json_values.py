"""Reads values of the API's JSON tolerantly: a missing or odd one is None.

Numbers in brackets are sections of piktid-v2.md.
"""

import json
import math
from datetime import UTC, datetime

from config.errors import IdentityWorkerError

#: Longest id or code believed, in characters. Those of the API have a dozen; a longer one fits in no URL.
MAX_ID_LENGTH = 200

#: Said of HTML where JSON was asked for: the login page of a hotel's network, or a web site's address.
PAGE = "with a web page: is it the login page of this network, or is PIKTID_API_URL not the API's?"


class UnreadableError(IdentityWorkerError, ValueError):
    """Raised when an answer does not hold what it was asked for."""


def decode(body: bytes) -> object:
    """Return the JSON value that a body holds; raise UnreadableError when it holds none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # RecursionError: brackets nested by the thousand
        if body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
            raise UnreadableError(PAGE) from error
        raise UnreadableError("the body is not whole JSON") from error


def fields(body: object) -> dict[str, object]:
    """Return a JSON object's fields; raise UnreadableError when the value is no object."""
    if not isinstance(body, dict):
        raise UnreadableError("the body is not a JSON object")
    return body


def text(value: object) -> str | None:
    """Return a text that is not blank, else None; lone surrogates, which UTF-8 cannot carry, become `?`."""
    if not isinstance(value, str) or not value.strip():
        return None
    return value.encode("utf-8", "replace").decode()


def identifier(value: object) -> str | None:
    """Return an id or code as text (ids are compared as text: 6.2), else None."""
    named = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)
    return named if named is not None and len(named) <= MAX_ID_LENGTH else None


def integer(value: object) -> int | None:
    """Return an integer, or what a string of digits spells, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_ID_LENGTH:
        return int(value)
    return value if isinstance(value, int) else None


def number(value: object) -> float | None:
    """Return a finite number, or what a text spells, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def moment(value: object) -> float | None:
    """Return a time of day as seconds since 1970: a number of them, or ISO 8601, UTC unless it says."""
    if not isinstance(value, str):
        return number(value)
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if ":" not in value:
        return None  # a date alone
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
