"""Splits a text into the JSON documents that stand one after the other in it, and arrays into items."""

import re
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

from cli.reading.hints import aside
from config.errors import IdentityWorkerError
from worker.briefs.decoding import decoder, unreadable

#: JSON's white space, and byte order marks: files that were joined have one in the middle.
_BLANK = re.compile("[ \t\r\n\ufeff]*")


class Value(NamedTuple):
    """A JSON value, with the offsets of its beginning and its end."""

    value: Any
    start: int
    end: int
    of_array: bool
    """Whether it is an item of a document that is an array."""
    repeated: list[str]
    """The names that stand more than once in an object of it."""


class DocumentError(IdentityWorkerError):
    """Raised where a document can't be read any further: the broken rule, and its offset if known."""

    def __init__(self, rule: str, offset: int | None) -> None:
        super().__init__(rule)
        self.rule = rule
        self.offset = offset


def documents(text: str) -> Iterator[Value]:
    """Yield the values of all documents in a text; of one that is an array, its items. Raises DocumentError.

    Several documents, as `jq .` writes them, are read one after the other.
    """
    at = _skip(text, 0)
    while at < len(text):
        if text[at] == "[":
            at = yield from _items(text, at)
        else:
            found = _value(text, at, of_array=False)
            yield found
            at = found.end
        at = _skip(text, at)


def _items(text: str, at: int) -> Generator[Value, None, int]:
    """Yield the items of the array that begins here; return where it ends."""
    at = _skip(text, at + 1)
    if text.startswith("]", at):
        return at + 1
    while True:
        found = _value(text, at, of_array=True)
        yield found
        at = _skip(text, found.end)
        if text.startswith("]", at):
            return at + 1
        if not text.startswith(",", at):
            ends = at >= len(text)
            told = "the array has no end: a ] is missing" if ends else "a comma between two items is missing"
            raise DocumentError(f"must be JSON: {told}", at)
        comma, at = at, _skip(text, at + 1)
        if text.startswith("]", at):
            raise DocumentError("must be JSON: no comma may stand behind the last item", comma)


def _value(text: str, at: int, *, of_array: bool) -> Value:
    repeated: list[str] = []
    try:
        value, end = decoder(repeated).raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        offset = getattr(error, "pos", None)
        raise DocumentError(unreadable(error) + aside(text, offset or at), offset) from error
    return Value(value, at, end, of_array, repeated)


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
