"""Briefs as they stand in files: JSON objects, JSON arrays of them, JSON Lines, and folders of these."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from worker.brief_faults import Fault, fault

STDIN = "-"
#: Longest part of a file's name that becomes an id, which is 128 characters at the most.
_STEM = 100


class NotFound(Exception):
    """Raised when there is nothing to read at a place; says where and why."""


@dataclass(frozen=True)
class Item:
    """One brief of a file: where it stands, the id that it has by that, and its JSON or what is wrong."""

    source: str
    default_id: str | None
    value: Any
    faults: tuple[Fault, ...] = ()


def items(place: str, stdin: BinaryIO) -> list[Item]:
    """Return the briefs of a file, of the *.json and *.jsonl of a folder by name, or of `-`: standard input.

    What is no JSON becomes an item with its fault. Raises NotFound when there is nothing to read.
    """
    if place == STDIN:
        return list(_split(stdin.read(), "stdin", None, lines=False))
    path = Path(place)
    try:
        files = _files(path) if path.is_dir() else [path]
        return [item for file in files for item in _of_file(file)]
    except OSError as error:
        raise NotFound(f"{error.filename or path}: {error.strerror}") from error


def _files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".jsonl"))
    if not found:
        raise NotFound(f"{folder}: has no *.json or *.jsonl")
    return found


def _of_file(path: Path) -> Iterator[Item]:
    stem = re.sub(r"[^A-Za-z0-9._:-]+", "-", path.stem)[:_STEM]
    return _split(path.read_bytes(), str(path), stem, lines=path.suffix == ".jsonl")


def _split(content: bytes, source: str, stem: str | None, *, lines: bool) -> Iterator[Item]:
    """Yield the briefs of a file's content; those of lines and arrays are numbered from 1."""
    try:
        # Editors on Windows put a byte order mark first.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield _bad(source, stem, "JSON is written in UTF-8")
        return
    if lines or _is_lines(text):
        yield from _of_lines(text, source, stem)
        return
    whole = _decoded(text, source, stem)
    if not isinstance(whole.value, list):
        yield whole
        return
    if not whole.value:
        yield _bad(source, stem, "holds no brief")
    for number, value in enumerate(whole.value, 1):
        yield Item(f"{source}[{number}]", _numbered(stem, number), value)


def _of_lines(text: str, source: str, stem: str | None) -> Iterator[Item]:
    # Not splitlines: it also splits at characters that may stand inside a JSON string.
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not numbered:
        yield _bad(source, stem, "holds no brief")
    for number, line in numbered:
        yield _decoded(line, f"{source}:{number}", _numbered(stem, number))


def _is_lines(text: str) -> bool:
    """Tell whether a text without a telling name is JSON Lines: two lines, each a whole object."""
    first, _, rest = text.strip().partition("\n")
    return bool(rest) and isinstance(_decoded(first, "", None).value, dict)


def _decoded(text: str, source: str, default_id: str | None) -> Item:
    try:
        return Item(source, default_id, json.loads(text, object_pairs_hook=_object))
    except json.JSONDecodeError as error:
        rule = f"must be JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError) as error:
        rule = str(error)
    return _bad(source, default_id, rule, text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; a name that stands twice would be lost here, before the brief's rules see it."""
    built = dict(pairs)
    if len(built) < len(pairs):
        raise ValueError("a name may stand only once in an object")
    return built


def _bad(source: str, default_id: str | None, rule: str, text: str = "") -> Item:
    return Item(source, default_id, None, (fault((), text, rule),))


def _numbered(stem: str | None, number: int) -> str | None:
    return None if stem is None else f"{stem}-{number}"
