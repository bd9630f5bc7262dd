"""Reads briefs from files: JSON objects and arrays, JSON Lines, and folders of these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from cli.reading.folders import Skipped, files_in
from cli.reading.rows import rows
from cli.reading.text import TextError, decoded
from worker.briefs.faults import Fault, fault

STDIN = "-"
#: Largest file that is read, in bytes: it is held in memory.
MAX_FILE = 512 * 1024 * 1024


@dataclass(frozen=True)
class Item:
    """One brief of a file: where it stands, and its JSON or what is wrong."""

    file: str
    place: str
    """Where in the file: `:3`, `[3]`, or nothing where it is the whole file."""
    value: Any
    faults: tuple[Fault, ...] = ()
    text: str | None = field(default=None, compare=False)
    """The brief as it stands in its file; None for what can't be taken out of it."""

    @property
    def source(self) -> str:
        """The file and the place in it."""
        return self.file + self.place


class Reading:
    """The briefs of places that a person named: files, folders, or `-`, standard input.

    What can't be read, or is no JSON, becomes an item with its fault, and stops nothing else.
    """

    def __init__(self, places: Sequence[str], stdin: BinaryIO, *, recursive: bool = False) -> None:
        self._places = places
        self._stdin = stdin
        self._recursive = recursive
        self._seen: set[tuple[int, int]] = set()
        self._stdin_read = False
        self.skipped: list[Skipped] = []
        """What was passed over, once the items were read."""
        self.missed: list[str] = []
        """The named places that could not be opened at all, each with why."""

    def items(self) -> Iterator[Item]:
        """Yield the items, one after the other; a file that is named twice is read once."""
        for place in self._places:
            if place == STDIN:
                if self._stdin_read:
                    self.skipped.append(Skipped(STDIN, "it was read already", ("stdin",)))
                    continue
                self._stdin_read = True
                yield from _of_content(self._stdin.read(MAX_FILE + 1), "stdin", lines=False)
            else:
                yield from self._of_place(Path(place))

    def _of_place(self, place: Path) -> Iterator[Item]:
        try:
            place.stat()
            is_folder = place.is_dir()
            found = list(files_in(place, recursive=self._recursive)) if is_folder else [place]
        except OSError as error:
            yield self._missed(place, error.strerror or type(error).__name__)
            return
        self.skipped += [each for each in found if isinstance(each, Skipped)]
        files = [each for each in found if isinstance(each, Path)]
        if not files:
            yield self._missed(place, "has no *.json, *.jsonl or *.ndjson")
        for file in files:
            yield from self._once(file)

    def _missed(self, place: Path, why: str) -> Item:
        self.missed.append(f"{place}: {why}")
        return _bad(str(place), why)

    def _once(self, path: Path) -> Iterator[Item]:
        try:
            stands = path.stat()
        except OSError as error:
            yield _bad(str(path), _why(error))
            return
        if (stands.st_dev, stands.st_ino) in self._seen:
            self.skipped.append(Skipped(str(path.parent), "it was read already", (path.name,)))
            return
        self._seen.add((stands.st_dev, stands.st_ino))
        yield from _of_file(path)


def _of_file(path: Path) -> Iterator[Item]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        yield _bad(str(path), _why(error))
        return
    yield from _of_content(content, str(path), lines=path.suffix.lower() in (".jsonl", ".ndjson"))


def _of_content(content: bytes, source: str, *, lines: bool) -> Iterator[Item]:
    """Yield the briefs of a file's content; those of lines and arrays are numbered from 1."""
    if len(content) > MAX_FILE:
        yield _bad(source, f"at most {MAX_FILE} bytes a file: split it")
        return
    try:
        text = decoded(content)
    except TextError as error:
        yield _bad(source, str(error))
        return
    for row in rows(text, lines=lines):
        yield Item(source, row.place, row.value, row.faults, row.text)


def _why(error: OSError) -> str:
    return f"can't be read: {error.strerror}"


def _bad(source: str, rule: str) -> Item:
    return Item(source, "", None, (fault((), None, rule),))
