"""Reads and writes tables of text: CSV and its kin, whatever stands between the columns."""

import csv
import io
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import IO, BinaryIO

from cli.reading.tables import columns
from cli.reading.tables.encodings import Encoding, encoding_of
from cli.reading.tables.record import Record
from cli.reading.text import TextError

_SEPARATORS = ",;\t|"
#: Rows by which the separator is told, and the lines in which they are looked for.
_TOLD_BY, _LOOKED_AT = 20, 1000
#: How Excel is told the separator in a line of its own before the header.
_SAID = "sep="
#: Largest cell, in characters: a brief may have 256 KiB.
_MAX_CELL = 256 * 1024


@dataclass(frozen=True)
class Dialect:
    """How a table of text is written: the same for what is written of it again."""

    encoding: Encoding
    separator: str
    before: str
    """What stands before the first row: the separator, said for Excel, and the header."""

    @property
    def ending(self) -> str:
        """The ending of such a file's name."""
        return ".tsv" if self.separator == "\t" else ".csv"

    def write(self, rows: Iterable[str], file: IO[bytes]) -> None:
        """Write the header and these rows, as they stood."""
        file.write(self.encoding.mark)
        for text in (self.before, *rows):
            file.write(_ended(text).encode(self.encoding.name, "surrogateescape"))


class Separated:
    """A table of text that is read from a stream; raises TextError where it can't be decoded."""

    def __init__(self, stream: BinaryIO, encoding: str | None, separator: str | None = None) -> None:
        self._stream = stream
        self.encoding = encoding_of(stream, encoding)
        begins = list(islice(self._lines(), _LOOKED_AT))
        self._said = begins[0] if begins and begins[0].lower().startswith(_SAID) else ""
        said = self._said[len(_SAID) :].strip("\r\n")
        told = begins[1:] if self._said else begins
        self.separator = said if len(said) == 1 else separator or _told_separator(told)

    def form(self, header: Record) -> Dialect:
        """Return how it is written, with this header."""
        return Dialect(self.encoding, self.separator, self._said + _ended(header.raw))

    def records(self) -> Generator[Record]:
        """Yield its rows; a line that only tells the separator is none."""
        lines = self._lines()
        if self._said:
            next(lines)
        yield from _records(lines, self.separator)

    def _lines(self) -> Iterator[str]:
        self._stream.seek(len(self.encoding.mark))
        # Bytes that are no UTF-8 can stand in a named encoding only; they spoil their row.
        text = io.TextIOWrapper(
            self._stream, self.encoding.name, errors="strict", newline="", write_through=True
        )
        try:
            # Not `yield from`: it would close the file with a generator that is given up.
            for line in text:  # noqa: UP028  # see above
                yield line
        except UnicodeError as error:
            # Not all of Python's codecs say at which byte.
            at = f" (byte 0x{error.object[error.start]:02x})" if isinstance(error, UnicodeDecodeError) else ""
            told = f"is not written in {self.encoding.name}{at}: "
            raise TextError(told + "name its encoding by --encoding, or save it as UTF-8") from error
        finally:
            # A generator that is given up may end after its file.
            with suppress(ValueError):
                text.detach()


def _records(lines: Iterator[str], separator: str) -> Iterator[Record]:
    csv.field_size_limit(_MAX_CELL)
    read: list[str] = []

    def noted() -> Iterator[str]:
        for line in lines:
            read.append(line)
            yield line

    rows = csv.reader(noted(), delimiter=separator, strict=True, skipinitialspace=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(number, [], "".join(read), _told(error))
        else:
            yield Record(number, cells, "".join(read))
        read.clear()


def _told(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quote is opened and never closed, so all from here to the end is one row"
    if "expected after" in str(error):
        return 'must hold no text behind a closing quote: a quote within a cell is written twice, as ""'
    if "field larger" in str(error):
        return f"at most {_MAX_CELL} characters a cell; a quote may be missing"
    return f"can't be read: {error}"


def _told_separator(lines: list[str]) -> str:
    """Return the separator by which most names of the header are known, or that makes most columns."""

    def fit(separator: str) -> tuple[int, int, int]:
        rows = [each.cells for each in islice(_records(iter(lines), separator), _TOLD_BY) if each.cells]
        if not rows:
            return 0, 0, 0
        known = sum(columns.column(str(name)) is not None for name in rows[0])
        even = sum(len(row) == len(rows[0]) for row in rows) if len(rows[0]) > 1 else 0
        return known, even, len(rows[0])

    better: Callable[[str], tuple[int, int, int]] = fit
    return max(_SEPARATORS, key=better)


def _ended(text: str) -> str:
    return text if not text or text.endswith(("\n", "\r")) else text + "\n"
