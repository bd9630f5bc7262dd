"""Reads briefs from what people have: JSON, tables, photos, folders of these, standard input."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from cli.reading.folders import Skipped, files_in
from cli.reading.formats import BEGINNING, TABLES, Format, by_content, by_name, is_photo
from cli.reading.opened import opened
from cli.reading.photo_places import NO_NAME, PhotoPlaces, PlaceError
from cli.reading.rows import line_rows, rows
from cli.reading.tables.errors import UsageError
from cli.reading.tables.naming import Naming
from cli.reading.tables.separated import Separated
from cli.reading.tables.table import Table, table_rows
from cli.reading.tables.workbook import SheetOfBook
from cli.reading.text import TextError, decoded, lines_of
from config.settings import Settings
from worker.briefs.faults import Fault, fault
from worker.places.scratch import ScratchError

STDIN = "-"
_NO_TABLE = "must be a table: with --template each of its rows is a brief"


@dataclass(frozen=True)
class Item:
    """One brief of a file: where it stands, and its JSON or what is wrong."""

    file: str
    place: str
    """Where in the file: `:3`, `[3]`, ` row 3`, or nothing where it is the whole file."""
    value: Any
    faults: tuple[Fault, ...] = ()
    text: str | None = field(default=None, compare=False)
    """The brief as it stands in its file; None for what can't be taken out of it."""
    table: Table | None = field(default=None, compare=False)
    """The table in which it is a row."""

    @property
    def source(self) -> str:
        """The file and the place in it."""
        return self.file + self.place


@dataclass(frozen=True)
class How:
    """How what is read is to be understood, as far as a person says so."""

    recursive: bool = False
    form: Format | None = None
    """The format of all files, whatever their names."""
    encoding: str | None = None
    """Of tables of text."""
    sheet: str | None = None
    naming: Naming = field(default_factory=Naming)
    settings: Settings = field(default_factory=Settings)
    """They name the folder under which photos must lie of which each is a brief."""


class Reading:
    """The briefs of places that a person named: files, folders, or `-`, standard input.

    What can't be read, or is no brief's format, becomes an item with its fault, and stops nothing else.
    """

    def __init__(self, places: Sequence[str], stdin: BinaryIO, how: How | None = None) -> None:
        self._places = places
        self._stdin = stdin
        self._how = how or How()
        self._seen: set[tuple[int, int]] = set()
        self._stdin_read = False
        self.skipped: list[Skipped] = []
        """What was passed over, once the items were read."""
        self.missed: list[str] = []
        """The named places that could not be opened at all, each with why."""
        self.told: list[str] = []
        """What a person should know of how files were understood."""

    def items(self) -> Iterator[Item]:
        """Yield the items, one after the other; a file that is named twice is read once.

        Raises cli.reading.tables.errors.UsageError for tables whose columns can't be understood.
        """
        for place in self._places:
            if place == STDIN:
                if self._stdin_read:
                    self.skipped.append(Skipped(STDIN, "it was read already", ("stdin",)))
                    continue
                self._stdin_read = True
                yield from self._of_stream(self._stdin, "stdin")
            elif not place:
                # As a path it would be the current folder, whose briefs nobody has named.
                yield self._missed("''", NO_NAME)
            else:
                yield from self._of_place(Path(place))
        self._how.naming.check_all_met()

    def _of_place(self, place: Path) -> Iterator[Item]:
        try:
            place.stat()
            is_folder = place.is_dir()
            found = list(files_in(place, recursive=self._how.recursive)) if is_folder else [place]
        except OSError as error:
            yield self._missed(place, error.strerror or type(error).__name__)
            return
        self.skipped += [each for each in found if isinstance(each, Skipped)]
        files = [each for each in found if isinstance(each, Path)]
        if not files:
            inside = "" if self._how.recursive else "; --recursive looks into the folders in it as well"
            why = f"has no file of briefs (.json, .jsonl, .csv, .xlsx ...) and no photo{inside}"
            yield self._missed(place, why)
        for file in files:
            yield from self._once(file)

    def _missed(self, place: Path | str, why: str) -> Item:
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
        if self._how.form is None and is_photo(path.name):
            templated = self._how.naming.template is not None
            yield _bad(str(path), _NO_TABLE) if templated else _of_photo(path, self._how.settings)
            return
        try:
            with path.open("rb") as file:
                yield from self._of_stream(file, str(path))
        except OSError as error:
            yield _bad(str(path), _why(error))

    def _of_stream(self, raw: BinaryIO, source: str) -> Iterator[Item]:
        """Yield the briefs of a file's content; those of lines and arrays are numbered from 1."""
        try:
            with opened(raw) as stream:
                form = self._how.form or by_name(source) or by_content(stream.read(BEGINNING))
                stream.seek(0)
                if form in TABLES:
                    yield from self._of_table(stream, source, form)
                elif self._how.naming.template is not None:
                    yield _bad(source, _NO_TABLE)
                else:
                    found = line_rows(lines_of(stream)) if form is Format.JSONL else rows(_text(stream))
                    for row in found:
                        yield Item(source, row.place, row.value, row.faults, row.text)
        except (TextError, ScratchError) as error:
            yield _bad(source, str(error))

    def _of_table(self, stream: BinaryIO, source: str, form: Format) -> Iterator[Item]:
        table: SheetOfBook | Separated
        if form is Format.XLSX:
            table = SheetOfBook(stream, self._how.sheet)
            if table.others:
                others = ", ".join(table.others)
                self._tell(source, f"sheet {table.name!r} is read; --sheet names another of {others}")
        else:
            separator = "\t" if form is Format.TSV else None
            table = Separated(stream, self._how.encoding, separator)
            if table.encoding.guessed:
                self._tell(source, f"read as {table.encoding.name}, by a guess; --encoding says otherwise")
        unused: list[str] = []
        with closing(table.records()) as records:
            try:
                for row in table_rows(records, table.form, self._how.naming, unused):
                    yield Item(source, row.place, row.value, row.faults, row.text, row.table)
            except UsageError as error:
                # How the file was read may be why: another sheet was meant, or another encoding.
                raise UsageError("\n".join([f"{source}: {error}", *self.told])) from error
        if unused:
            self._tell(source, f"columns that the template does not use: {', '.join(unused)}")

    def _tell(self, source: str, what: str) -> None:
        self.told.append(f"{source}: {what}")


def _text(stream: BinaryIO) -> str:
    return decoded(stream.read())


def _of_photo(path: Path, settings: Settings) -> Item:
    """Return the brief of a photo, which names it by its path under the folder of reference images."""
    try:
        (photo,) = PhotoPlaces(settings).photos([str(path)])
    except PlaceError as error:
        return _bad(str(path), str(error))
    return Item(str(path), "", {"reference_image": photo.source})


def _why(error: OSError) -> str:
    return f"can't be read: {error.strerror}"


def _bad(source: str, rule: str) -> Item:
    return Item(source, "", None, (fault((), None, rule),))
