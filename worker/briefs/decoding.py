"""Decodes a brief's bytes to JSON values, and refuses what other programs would read differently.

The rules go beyond `json.loads` because a brief travels on: to the API, into Redis and out as events. A name
given twice, NaN, a huge integer or half a surrogate pair means something else to each reader (RFC 8259,
sections 4, 6 and 8; RFC 7493, section 2).
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from worker.briefs.faults import MAX_FAULTS, BriefError, Fault, fault

#: Levels of objects and lists within each other; a brief without metadata has 5.
MAX_DEPTH = 32

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read_object(raw: str | bytes | Mapping[str, Any], max_bytes: int) -> dict[str, Any]:
    """Return the JSON object in `raw`; a mapping is held to the same rules as its text.

    Raises BriefError if it is over `max_bytes` of UTF-8, or is not one well-formed JSON object.
    """
    text = _text(raw, max_bytes)
    repeated: list[str] = []
    tree = _decoded(text, repeated)
    if not isinstance(tree, dict):
        raise BriefError([fault((), tree, "a brief is one JSON object")])
    faults = [fault((), name, "a name may stand only once in an object") for name in repeated[:MAX_FAULTS]]
    faults += islice(_value_faults(tree, ()), MAX_FAULTS)
    if faults:
        raise BriefError(faults[:MAX_FAULTS])
    return tree


def _text(raw: str | bytes | Mapping[str, Any], max_bytes: int) -> str:
    try:
        given = raw if isinstance(raw, str | bytes) else json.dumps(raw)
    except (TypeError, ValueError, RecursionError) as error:
        raise BriefError(
            [fault((), type(raw).__name__, "must hold only values that JSON can express")]
        ) from error
    size = len(given if isinstance(given, bytes) else given.encode("utf-8", "surrogatepass"))
    if size > max_bytes:
        raise BriefError([fault((), size, f"at most {max_bytes} bytes of JSON")])
    try:
        text = given if isinstance(given, str) else given.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BriefError([fault((), repr(given[:40]), "JSON is written in UTF-8")]) from error
    # Editors on Windows put a byte order mark first; RFC 8259 section 8.1 lets a reader ignore it.
    return text.removeprefix("\ufeff")


def decoder(repeated: list[str]) -> json.JSONDecoder:
    """Return a JSON decoder that notes in `repeated` each name that stands twice in an object."""

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for name, value in pairs:
            if name in built:
                repeated.append(name)
            built[name] = value
        return built

    return json.JSONDecoder(object_pairs_hook=build)


def unreadable(error: ValueError | RecursionError) -> str:
    """Return the rule that a text breaks, by the error that its decoding raised."""
    if isinstance(error, json.JSONDecodeError):
        return f"must be JSON: {error.msg}"
    if isinstance(error, RecursionError):
        return f"at most {MAX_DEPTH} levels of nesting"
    # Python refuses to read integers of more than 4,300 digits.
    return "must hold no number of thousands of digits"


def _decoded(text: str, repeated: list[str]) -> Any:
    try:
        return decoder(repeated).decode(text)
    except json.JSONDecodeError as error:
        rule = f"{unreadable(error)} at line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError) as error:
        rule = unreadable(error)
    raise BriefError([fault((), text, rule)])


def _value_faults(value: object, location: tuple[str | int, ...]) -> Iterator[Fault]:
    if len(location) > MAX_DEPTH:
        yield fault(location, None, f"at most {MAX_DEPTH} levels of nesting")
    elif isinstance(value, str):
        yield from _text_faults(value, location)
    elif isinstance(value, float) and not math.isfinite(value):
        yield fault(location, value, "a finite number")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield fault(location, value, "a whole number of at most 64 bits")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _text_faults(name, (*location, name))
            yield from _value_faults(item, (*location, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _value_faults(item, (*location, index))


def _text_faults(text: str, location: tuple[str | int, ...]) -> Iterator[Fault]:
    if _LONE_SURROGATE.search(text):
        yield fault(location, text, "text without lone surrogates")
