"""Text in columns, as wide as it is shown: without rich, whose import takes as long as the rest of a list."""

import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

#: Between two columns.
_GAP = "  "
#: What a character is shown as beside others of one column: wide ones take two, marks none.
_WIDE, _NONE = ("W", "F"), ("Mn", "Me", "Cf")


def screen_width() -> int:
    """Return the columns of the terminal; where there is none, 80."""
    return shutil.get_terminal_size().columns


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in _NONE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def drawn(rows: Iterable[Sequence[str]], widths: Sequence[int], right: int) -> Iterator[str]:
    """Yield the lines of rows: a cell that is wider than its column is folded, the column `right` ends there.

    Cells may have several lines.
    """
    for row in rows:
        cells = [fold(text, width) for text, width in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            line = [cell[number] if number < len(cell) else "" for cell in cells]
            blanks = [" " * (width - width_of(text)) for text, width in zip(line, widths, strict=True)]
            padded = [
                blank + text if column == right else text + blank
                for column, (text, blank) in enumerate(zip(line, blanks, strict=True))
            ]
            yield _GAP.join(padded).rstrip()


def fold(text: str, width: int) -> list[str]:
    """Return the lines of a text, none wider than this: folded at blanks, and a longer word anywhere."""
    lines = []
    for line in text.split("\n"):
        now = ""
        for word in line.split(" "):
            joined = f"{now} {word}" if now else word
            if width_of(joined) > width:
                *full, joined = ([now] if now else []) + _cut(word, width)
                lines += full
            now = joined
        lines.append(now)
    return lines


def _cut(word: str, width: int) -> list[str]:
    """Return a word in pieces that fit; characters wider than the column stand alone."""
    pieces, room = [""], width
    for character in word:
        its = _width(character)
        if its > room and pieces[-1]:
            pieces.append("")
            room = width
        pieces[-1] += character
        room -= its
    return pieces
