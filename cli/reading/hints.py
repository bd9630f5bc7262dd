"""Guesses what was meant where no brief stands, for a message that names the mistake."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from config.text import nearest
from worker.briefs.envelope import Envelope

_FIELDS = tuple(Envelope.model_fields)
_MAKE_A_BRIEF = ("instructions", "reference_image")
#: The first line of a table: names with commas, semicolons or tabs between them.
_TABLE = re.compile(r"[\w\"' -]+([,;\t][\w\"' -]*)+")
#: Characters that are looked at.
_LINE = 500
_FILE = "a file holds one brief, an array of briefs, or one brief on each line"


def hint(value: object) -> str | None:
    """Return why a value is no brief and what was meant; None where the rules of briefs should judge."""
    if isinstance(value, str):
        return _encoded_twice(value)
    if isinstance(value, list):
        return f"one brief is one JSON object; this is an array of {len(value)} within the lines or the array"
    return _wrapped(value) if isinstance(value, dict) else None


def aside(text: str, offset: int) -> str:
    """Return a hint on the place where a text ends to be JSON; empty when there is none."""
    if text.startswith(("//", "/*", "#"), offset):
        return " (JSON has no comments)"
    if text[offset:].strip() == ",":
        return " (of lines each is a brief, without a comma between them)"
    first = text[offset : offset + _LINE].split("\n", 1)[0].strip()
    table = _TABLE.fullmatch(first)
    return " (it looks like a table: name it .csv, or give --format csv)" if table else ""


def _encoded_twice(text: str) -> str | None:
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(inner, dict | list):
        return None
    return "is JSON within a JSON string, encoded twice: write the object without the quotes around it"


def _wrapped(value: Mapping[str, Any]) -> str | None:
    if any(name in value for name in _MAKE_A_BRIEF):
        return None
    for name, within in _unknown(value):
        if isinstance(within, list) and within and all(isinstance(each, dict) for each in within):
            return f"{_FILE}; this is an object with a list of {len(within)} under {_quoted(name)}: {_ALONE}"
        if isinstance(within, dict) and any(field in within for field in _MAKE_A_BRIEF):
            return f"{_FILE}; the brief stands within {_quoted(name)}: write it without the object around it"
    return None


_ALONE = "write the list alone, without the object around it"


def _unknown(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields that are none of a brief's, and no misspelled one that would make it a brief."""
    for name, within in value.items():
        if name not in _FIELDS and nearest(name, _FIELDS) not in _MAKE_A_BRIEF:
            yield name, within


def _quoted(name: str) -> str:
    return json.dumps(name[:60], ensure_ascii=False)
