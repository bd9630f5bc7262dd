"""A row of a table as it was read, and how rows are written in the format of their table."""

from collections.abc import Iterable, Sequence
from typing import IO, NamedTuple, Protocol

from cli.reading.tables.cells import Cell


class Record(NamedTuple):
    """A row: its number as spreadsheets count, and its cells."""

    number: int
    cells: Sequence[Cell]
    raw: str
    """As it is written again, by its table's `Form`."""
    wrong: str | None = None
    """Why its cells could not be told apart."""

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it."""
        return self.wrong is None and not any(
            each is not None and (not isinstance(each, str) or each.strip()) for each in self.cells
        )


class Form(Protocol):
    """How the rows of one table are written down; two of the same go into one file."""

    @property
    def ending(self) -> str:
        """The ending of such a file's name, with its dot."""

    def write(self, rows: Iterable[str], file: IO[bytes]) -> None:
        """Write the header and these rows, each as its record's `raw`."""


def letter(number: int) -> str:
    """Return the letters that spreadsheets give to a column, counted from 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
