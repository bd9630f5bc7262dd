"""Reads and writes workbooks of Excel, row by row, by openpyxl (the extra `xlsx`)."""

import json
import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from cli.reading.opened import MAX_FILE
from cli.reading.tables.cells import Cell, Wrong
from cli.reading.tables.errors import UsageError
from cli.reading.tables.record import Record
from cli.reading.text import TextError
from config.text import nearest, printable

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

#: How a cell with a formula stands in the sheet.
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_PART = 1024 * 1024
_A_FORMULA = (
    "must be a value: this is a formula, and the program that wrote the file has not saved what it gives; "
    "open it in a spreadsheet and save it, or paste the values"
)
_AN_ERROR = "must be a value: this is a spreadsheet's error"
#: What openpyxl raises for a broken workbook; its XML's errors are SyntaxErrors.
_BROKEN = (zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError, EOFError, OSError)
#: A number that is shown with zeros before it: an article's number, a postcode.
_ZEROS = re.compile(r"0{2,}")
#: How Excel writes what XML can't hold (ECMA-376, ST_Xstring): `_x000D_` ends a line that was pasted.
_CONTROL = re.compile(r"_x(00[01][0-9A-Fa-f])_")


@dataclass(frozen=True)
class Sheet:
    """How the rows of a sheet are written: the same for what is written of it again."""

    name: str
    header: str

    @property
    def ending(self) -> str:
        """The ending of such a file's name."""
        return ".xlsx"

    def write(self, rows: Iterable[str], file: IO[bytes]) -> None:
        """Write a workbook of the header and these rows."""
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell

        book = Workbook(write_only=True)
        sheet = book.create_sheet(self.name)
        for raw in (self.header, *rows):
            cells = []
            for value, number_format in json.loads(raw):
                cell = WriteOnlyCell(sheet, _unpacked(value))
                if cell.data_type == "f":
                    cell.data_type = (
                        "s"  # or a formula would be made of a text, or of one that stood elsewhere
                    )
                if number_format is not None:
                    cell.number_format = number_format
                cells.append(cell)
            sheet.append(cells)
        book.save(file)


class SheetOfBook:
    """A sheet of a workbook that is read from a stream; `named` by a person, else the first not hidden."""

    def __init__(self, stream: BinaryIO, named: str | None) -> None:
        self._stream = stream
        with _book(stream) as book:
            # A hidden sheet is seldom meant: those that are seen first.
            sheets = sorted(book.worksheets, key=lambda sheet: bool(sheet.sheet_state != "visible"))
            names = [sheet.title for sheet in sheets]
        if named is not None and named not in names:
            near = nearest(named, names)
            meant = f"; the nearest is {printable(near)!r}" if near else ""
            raise UsageError(
                f"--sheet {printable(named)!r}: there is no such sheet{meant}; "
                f"there are {', '.join(map(printable, names)) or 'none'}"
            )
        if not names:
            raise TextError("has no sheet with cells: is it a workbook? Save it anew as .xlsx")
        self.name = named or names[0]
        self.others = tuple(name for name in names if name != self.name) if named is None else ()

    def form(self, header: Record) -> Sheet:
        """Return how it is written, with this header."""
        return Sheet(self.name, header.raw)

    def records(self) -> Generator[Record]:
        """Yield its rows. Raises TextError where the rest can't be read."""
        with _book(self._stream) as book:
            number = 0
            try:
                for number, (cells, formulas) in enumerate(self._rows(book), 1):
                    while cells and cells[-1].value is None and formulas.get(len(cells) - 1) is None:
                        cells.pop()
                    read = [_read(cell, formulas.get(index)) for index, cell in enumerate(cells)]
                    yield Record(number, read, _raw(cells, read))
            except (*_BROKEN, zlib.error) as error:
                raise TextError(f"can't be read behind row {number}: save it anew ({error})") from error

    def _rows(self, book: "Workbook") -> Iterator[tuple[list[Any], dict[int, str]]]:
        """Yield the cells of each row, and of those with formulas these by their columns."""
        sheet: Any = book[self.name]
        sheet.reset_dimensions()  # some programs write wrong ones
        if not _has_formulas(self._stream, sheet):
            yield from ((list(row), {}) for row in sheet.iter_rows())
            return
        with _book(self._stream, values=False) as twin:
            other: Any = twin[self.name]
            other.reset_dimensions()
            for row, written in zip(sheet.iter_rows(), other.iter_rows(), strict=True):
                formulas = {at: str(cell.value) for at, cell in enumerate(written) if cell.data_type == "f"}
                yield list(row), formulas


@contextmanager
def _book(stream: BinaryIO, *, values: bool = True) -> Iterator["Workbook"]:
    """Yield a workbook; with `values` of formulas what they gave last. Raises UsageError, TextError."""
    try:
        from openpyxl import load_workbook
    except ModuleNotFoundError as error:
        raise UsageError(
            "to read Excel's workbooks, install the extra: pip install 'identity-worker[xlsx]'"
        ) from error
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as packed:
            if sum(each.file_size for each in packed.infolist()) > MAX_FILE:
                raise TextError(f"at most {MAX_FILE} bytes, unpacked: split it")
        book = load_workbook(stream, read_only=True, data_only=values, keep_links=False)
    except _BROKEN as error:
        raise TextError(f"is no workbook that can be read: save it anew as .xlsx ({error})") from error
    with closing(book):
        yield book


def _has_formulas(stream: BinaryIO, sheet: Any) -> bool:
    """Return whether a sheet has any: only then it is read twice."""
    with zipfile.ZipFile(stream) as packed, packed.open(sheet._worksheet_path) as content:
        before = b""
        while part := content.read(_PART):
            if _FORMULA.search(before + part):
                return True
            before = part[-16:]
    return False


def _read(cell: Any, formula: str | None) -> Cell:
    value = cell.value
    if value is None:
        return None if formula is None else Wrong(formula, _A_FORMULA)
    if cell.data_type == "e":
        return Wrong(str(value), _AN_ERROR)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _as_shown(value, cell.number_format)
    if isinstance(value, str):
        return _CONTROL.sub(lambda found: chr(int(found[1], 16)), value).replace("\r\n", "\n")
    return value if isinstance(value, bool | date | time | timedelta) else str(value)


def _as_shown(value: float, number_format: str) -> Cell:
    if _ZEROS.fullmatch(number_format) and value == int(value) >= 0:
        return f"{int(value):0{len(number_format)}d}"
    if number_format.endswith("%"):
        return f"{round(value * 100, 10):.15g}%"
    return value


def _raw(cells: Sequence[Any], read: Sequence[Cell]) -> str:
    """Return a row as text of which `Sheet.write` makes cells again; a formula becomes text."""
    return json.dumps(
        [
            [_packed(cell.value if not isinstance(each, Wrong) else each.shown), _format(cell)]
            for cell, each in zip(cells, read, strict=True)
        ]
    )


def _format(cell: Any) -> str | None:
    return None if cell.value is None or cell.number_format == "General" else str(cell.number_format)


def _packed(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return {type(value).__name__: value.isoformat()}
    if isinstance(value, timedelta):
        return {"timedelta": value.total_seconds()}
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


_KINDS: dict[str, Callable[[str], object]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def _unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, said),) = value.items()
    if kind == "timedelta":
        return timedelta(seconds=said)
    return _KINDS[kind](said)
