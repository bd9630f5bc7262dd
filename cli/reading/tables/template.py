"""A template: a brief in which `{column}` stands for a row's cells."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from cli.reading.documents import DocumentError, documents
from cli.reading.tables.cells import Cell, CellError, text_of, value_of
from cli.reading.tables.columns import Path, kind_at
from cli.reading.tables.errors import UsageError
from cli.reading.text import TextError, decoded
from config.text import printable
from worker.briefs.faults import Fault, fault, path_of

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_ESCAPED = {"{{": "{", "}}": "}"}


class _Absent:
    """What an empty cell leaves of a value: nothing, not even its name."""


@dataclass(frozen=True)
class _Place:
    name: str


@dataclass(frozen=True)
class Text:
    """A text of the template, cut at its places."""

    path: Path
    pieces: tuple[str | _Place, ...]

    @property
    def names(self) -> Iterator[str]:
        """The columns that it takes cells of."""
        return (piece.name for piece in self.pieces if isinstance(piece, _Place))


class Template:
    """A brief with places. A value that is wholly one keeps the cell's type; an empty one is absent."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._texts: dict[Path, Text] = {}
        self._tree = tree
        for path, text in _texts(tree, ()):
            self._texts[path] = Text(path, tuple(_pieces(text, path)))

    def places(self) -> dict[str, list[str]]:
        """Return where in the brief the cells of each column are put."""
        found: dict[str, list[str]] = {}
        for path, text in self._texts.items():
            for name in text.names:
                found.setdefault(name, []).append(path_of(path))
        return found

    def filled(self, cells: Mapping[str, Cell]) -> tuple[dict[str, Any], list[Fault]]:
        """Return the brief of a row, and what is wrong with its cells."""
        faults: list[Fault] = []
        return self._filled(self._tree, (), cells, faults), faults

    def _filled(self, value: Any, path: Path, cells: Mapping[str, Cell], faults: list[Fault]) -> Any:
        if isinstance(value, dict):
            pairs = ((name, self._filled(each, (*path, name), cells, faults)) for name, each in value.items())
            return {name: each for name, each in pairs if each is not _Absent}
        if isinstance(value, list):
            items = (self._filled(each, (*path, index), cells, faults) for index, each in enumerate(value))
            return [each for each in items if each is not _Absent]
        if not isinstance(value, str):
            return value
        try:
            return _value(self._texts[path], cells)
        except CellError as error:
            faults.append(fault(path, error.shown, error.rule))
            return None


def read_template(path: FilePath) -> Template:
    """Read a template from its file. Raises UsageError."""
    told = f"--template {path}:"
    try:
        found = list(documents(decoded(path.read_bytes())))
    except OSError as error:
        raise UsageError(f"{told} {error.strerror}") from error
    except (TextError, DocumentError) as error:
        raise UsageError(f"{told} {error}") from error
    if len(found) != 1 or not isinstance(found[0].value, dict) or found[0].repeated:
        raise UsageError(f"{told} must be one brief, a JSON object in which each name stands once")
    try:
        return Template(found[0].value)
    except UsageError as error:
        raise UsageError(f"{told} {error}") from error


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, (*path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, (*path, index))


def _pieces(text: str, path: Path) -> Iterator[str | _Place]:
    at = 0
    for found in _PIECE.finditer(text):
        if found.start() > at:
            yield text[at : found.start()]
        at = found.end()
        if found[0] in _ESCAPED:
            yield _ESCAPED[found[0]]
        elif found[1] is None or not found[1].strip():
            shown = json.dumps(printable(text[found.start() : found.start() + 40]), ensure_ascii=False)
            raise UsageError(
                f"{path_of(path)}: at {shown}: a place is {{column}}; a brace that is none is written twice"
            )
        else:
            yield _Place(found[1].strip())
    if at < len(text):
        yield text[at:]


def _value(text: Text, cells: Mapping[str, Cell]) -> Any:
    first = text.pieces[0] if text.pieces else ""
    if isinstance(first, _Place) and len(text.pieces) == 1:
        value = value_of(cells.get(first.name), *kind_at(text.path))
        return _Absent if value is None else value
    return "".join(piece if isinstance(piece, str) else _within(piece, cells) for piece in text.pieces)


def _within(place: _Place, cells: Mapping[str, Cell]) -> str:
    said = text_of(cells.get(place.name))
    if not said:
        rule = f"column {printable(place.name)} must be filled: the template puts it within a text"
        raise CellError("", rule)
    return said
