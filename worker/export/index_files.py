"""Writes the index of a batch: `index.jsonl` exactly, `index.csv` for spreadsheets, `index.parquet`."""

import csv
import filecmp
import json
import re
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from worker.export.rows import COLUMNS, flat
from worker.export.storing import Sizes
from worker.export.workbook import Row
from worker.places.target import Target, TargetError

JSONL, CSV, PARQUET = "index.jsonl", "index.csv", "index.parquet"
#: How a cell begins that a spreadsheet would run as a formula, also in full width (OWASP, *CSV Injection*).
_FORMULA = re.compile("[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
#: Rows that are in memory at once for a Parquet file.
_GROUP = 10_000

#: Yields the rows anew at each call.
Rows = Callable[[], Iterable[Row]]


def write_index(target: Target, sizes: Sizes, folder: str, rows: Rows, old: Path | None, room: Path) -> bool:
    """Write the index of a batch beside its folders; return whether anything has changed.

    `old` is the `index.jsonl` that lies there; one that would say the same is not written. `room` is a folder
    for files on their way. Raises TargetError.
    """
    parquet = find_spec("pyarrow") is not None or sizes(f"{folder}/{PARQUET}") is not None
    try:
        lines, columns = room / JSONL, list[str]()
        with lines.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            for row in rows():
                columns += [name for name in flat(row) if name not in columns]
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        changed = old is None or not filecmp.cmp(lines, old, shallow=False)
        columns = ordered(columns)
        files = {CSV: write_csv} | ({PARQUET: write_parquet} if parquet else {})
        for name, write in files.items():
            if changed or sizes(f"{folder}/{name}") is None:
                write(room / name, rows(), columns)
                target.write(f"{folder}/{name}", room / name)
        if changed:
            target.write(f"{folder}/{JSONL}", lines)  # last: it tells the next run that all of it is there
    except OSError as error:
        raise TargetError(f"{error.filename or room}: {error.strerror or error}") from error
    return changed


def ordered(columns: Iterable[str]) -> list[str]:
    """Return the columns: the brief's id, its metadata, then the others."""
    own = [name for name in columns if name not in COLUMNS]
    return [COLUMNS[0], *own, *COLUMNS[1:]]


def write_csv(path: Path, rows: Iterable[Row], columns: list[str]) -> None:
    """Write the rows as CSV (RFC 4180), UTF-8."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(cell, columns))
        for row in rows:
            found = flat(row)
            writer.writerow([cell(found.get(name)) for name in columns])


def cell(value: Any) -> str:
    """Return a value as a cell; one that a spreadsheet would run gets an apostrophe before it.

    Numbers stay as they are, also those that begin with a sign.
    """
    text = _text(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def write_parquet(path: Path, rows: Iterable[Row], columns: list[str]) -> None:
    """Write the rows as Parquet: numbers and times as texts where they are the sender's own."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        told = "an index.parquet needs the package pyarrow: pip install 'identity-worker[parquet]'"
        raise TargetError(told) from error
    types = {"image_result_id": pyarrow.int64(), "size": pyarrow.int64(), "credits": pyarrow.float64()}
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in columns])
    with parquet.ParquetWriter(path, schema) as writer:
        for group in _groups(rows):
            table = [{name: _typed(found.get(name), name in types) for name in columns} for found in group]
            writer.write_table(pyarrow.Table.from_pylist(table, schema=schema))


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    walk = map(flat, rows)
    while group := list(islice(walk, _GROUP)):
        yield group


def _typed(value: Any, is_number: bool) -> Any:
    if value is None or is_number:
        return value
    return _text(value).encode(errors="backslashreplace").decode()
