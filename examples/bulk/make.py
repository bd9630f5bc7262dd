"""Writes the spreadsheet of this example: 300 rows, of which 20 are bad in different ways.

python make.py people.csv       as a German Excel saves it: semicolons, a byte order mark
python make.py people.xlsx      as a workbook, which needs openpyxl
python make.py --mended ...     the same without the faults
python make.py --mend bad.csv   as a person mends the rows that were refused
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

HEADER = ["SKU", "Model", "Gender", "Age", "Hair colour", "Hair length", "Eyes", "Drafts", "Shape", "Note"]
ROWS = 300
NAMES = ["Ada", "Björn", "Chloé", "Dario", "Élise", "Femi", "Gülay", "Hana", "İnci", "João", "Łucja", "Mei"]
COLOURS = ["ash blonde", "auburn", "black", "chestnut", "copper", "silver"]
LENGTHS = ["short", "shoulder-length", "long"]
EYES = ["brown", "green", "grey", "blue"]
SHAPES = ["3:4", "1:1", "9:16"]
#: What is wrong, by the number of the row among the 300: a column and what stands there instead.
BAD = {
    8: ("Drafts", "two"),
    23: ("Drafts", "9"),
    38: ("Drafts", "0"),
    53: ("Drafts", "2,5"),
    68: ("Drafts", "2,000"),
    83: ("Drafts", "-1"),
    98: ("Drafts", "1e1"),
    113: ("Drafts", "3 or 4"),
    128: ("Shape", "7:5"),
    143: ("Shape", "square"),
    158: ("Shape", "16/10"),
    173: ("Model", "=B12"),
    188: ("Age", "=2026-1998"),
    203: ("SKU", "=VLOOKUP(B204,prices,2)"),
    218: ("Model", "Ada, as she was seen from the sea in the first light of a morning in May, " * 3),
    233: ("Model", "Ada\nand Chloé"),
    248: ("Model", "Ada\u202e"),
    263: ("Hair colour", "=IF(A264>0,'red','black')"),
    278: ("Eyes", "='colours'!C7"),
    293: ("Gender", "=PROPER(C2)"),
}


def rows(*, mended: bool = False) -> Iterator[list[str]]:
    """Yield the header and the 300 rows."""
    yield HEADER
    for number in range(1, ROWS + 1):
        row = _row(number)
        if number in BAD and not mended:
            column, value = BAD[number]
            row[HEADER.index(column)] = value
        yield row


def _row(number: int) -> list[str]:
    return [
        f"{number:05d}",
        f"{NAMES[number % len(NAMES)]} {number}",
        "female" if number % 2 else "male",
        str(20 + number % 45),
        COLOURS[number % len(COLOURS)],
        LENGTHS[number % len(LENGTHS)],
        EYES[number % len(EYES)],
        str(1 + number % 2),
        SHAPES[number % len(SHAPES)],
        "for the spring page" if number % 10 == 0 else "",
    ]


def write(path: Path, *, mended: bool = False) -> None:
    """Write the table as the ending of the file's name says."""
    if path.suffix == ".xlsx":
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet("People")
        for row in rows(mended=mended):
            sheet.append(row)
        book.save(path)
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows(mended=mended))


def mend(path: Path) -> None:
    """Put right what is wrong in rejects of this table as CSV, and touch nothing else."""
    good = {tuple(bad): mended for bad, mended in zip(rows(), rows(mended=True), strict=True)}
    with path.open(encoding="utf-8-sig", newline="") as file:
        mended = [good[tuple(row)] for row in csv.reader(file, delimiter=";")]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(mended)


def main(arguments: list[str]) -> None:
    """Do what the arguments say."""
    files = [Path(each) for each in arguments if not each.startswith("--")]
    for each in files:
        if "--mend" in arguments:
            mend(each)
        else:
            write(each, mended="--mended" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
