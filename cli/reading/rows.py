"""Splits a text into rows: briefs on lines of their own or as JSON documents, each with its place."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cli.reading.documents import DocumentError, documents
from cli.reading.hints import aside, hint
from cli.reading.text import LINE_END, Places
from worker.briefs.decoding import decoder, unreadable
from worker.briefs.faults import Fault, fault

#: Longest line that is looked into, in characters: a brief may have 256 KiB.
MAX_LINE = 1024 * 1024
_MARK = "\ufeff"


class Row(NamedTuple):
    """A part of a text that may be one brief."""

    place: str
    """What is put behind the file's name: `:3` for line 3, `[2]` for the second item of an array."""
    text: str | None
    """As it stands there; None for what can't be taken out of its file."""
    value: Any
    faults: tuple[Fault, ...]


def rows(text: str) -> Iterator[Row]:
    """Yield the rows of a text: those of its documents, or its lines where it is rather these."""
    try:
        found = list(_of_documents(text))
    except DocumentError as broken:
        if _is_lines(text):
            yield from line_rows(LINE_END.split(text))
            return
        yield _broken(text, broken)
        return
    yield from found or [_whole("holds no brief", "")]


def _is_lines(text: str) -> bool:
    """Return whether a text is lines of JSON, also with broken ones, and not one broken document."""
    if text.lstrip(_MARK + " \t\r\n").startswith("["):
        return False
    found = [line.strip(_MARK + " \t") for line in LINE_END.split(text)]
    filled = [line for line in found if line]
    objects = sum(line.startswith("{") and line.rstrip(",").endswith("}") for line in filled)
    return len(filled) > 1 and 2 * objects >= len(filled)


def line_rows(lines: Iterable[str]) -> Iterator[Row]:
    """Yield a row for each line that is not blank; the lines come without their ends."""
    empty = True
    for number, line in enumerate(lines, 1):
        if line.strip(_MARK + " \t\r\n"):
            empty = False
            yield _line(number, line)
    if empty:
        yield _whole("holds no brief", "")


def _line(number: int, whole: str) -> Row:
    # Files that were joined have a byte order mark in the middle.
    at, line = f":{number}", whole.strip(_MARK + " \t")
    if len(line) > MAX_LINE:
        return Row(at, line, None, _fault(line[:200], f"at most {MAX_LINE} characters a line"))
    places = Places(whole, first=number)
    bad = places.bad_byte(0, len(whole))
    if bad is not None:
        return Row(at, line, None, _fault(places.line_at(0), bad))
    repeated: list[str] = []
    try:
        value = decoder(repeated).decode(line)
    except (ValueError, RecursionError) as error:
        offset = getattr(error, "pos", None)
        where = "" if offset is None else f" at line {number}, column {offset + 1}"
        rule = unreadable(error) + aside(line, offset or 0) + where
        return Row(at, line, None, _fault(line, rule))
    return Row(at, line, value, _value_faults(value, repeated))


def _of_documents(text: str) -> Iterator[Row]:
    """Yield the values of whole documents and of their arrays.

    Raises DocumentError where one can't be read.
    """
    places = Places(text)
    found = list(documents(text))
    alone = len(found) == 1 and not found[0].of_array
    for number, each in enumerate(found, 1):
        line = places.line(each.start)
        behind = f" (line {line})" if places.many else ""
        place = f"[{number}]{behind}" if each.of_array else "" if alone else f":{line}"
        bad = places.bad_byte(each.start, each.end)
        if bad is not None:
            value, faults = None, _fault(places.line_at(each.start), bad)
        else:
            value, faults = each.value, _value_faults(each.value, each.repeated)
        yield Row(place, text[each.start : each.end], value, faults)


def _broken(text: str, broken: DocumentError) -> Row:
    places = Places(text)
    bad = places.bad_byte(0, len(text))
    where = "" if broken.offset is None else f" at {places.name(broken.offset)}"
    shown = text[:200] if broken.offset is None else places.line_at(broken.offset)
    return _whole(bad or broken.rule + where, shown)


def _whole(rule: str, shown: str) -> Row:
    return Row("", None, None, _fault(shown, rule))


def _value_faults(value: object, repeated: list[str]) -> tuple[Fault, ...]:
    """Return the faults that are lost once the value is built; the rules of briefs find the others."""
    if repeated:
        return tuple(fault((), name, "a name may stand only once in an object") for name in repeated[:10])
    meant = hint(value)
    if meant is not None:
        return (fault((), value, meant),)
    return () if isinstance(value, dict) else (fault((), value, "a brief is one JSON object"),)


def _fault(shown: str, rule: str) -> tuple[Fault, ...]:
    return (fault((), shown, rule),)
