"""Writes the index of a batch: `index.jsonl` exactly, `index.csv` for spreadsheets, `index.parquet`."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from itertools import islice
from typing import Any, BinaryIO

from worker.export.rows import COLUMNS, TIMES, flat
from worker.export.storing import Sizes
from worker.export.workbook import Row
from worker.places.scratch import scratch
from worker.places.target import Target, TargetError, There

JSONL, CSV, PARQUET = "index.jsonl", "index.csv", "index.parquet"
#: How a cell begins that a spreadsheet would run as a formula, also in full width (OWASP, *CSV Injection*).
_FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
#: Rows that are in memory at once for a Parquet file.
_GROUP = 2_000
#: The columns with whole numbers.
_WHOLE = ("image_result_id", "size", "marked_size")

#: Yields the rows anew at each call.
Rows = Callable[[], Iterable[Row]]


def write_index(
    target: Target, sizes: Sizes, folder: str, rows: Rows, old: str | None
) -> tuple[str, list[There]]:
    """Write the index of a batch beside its folders; return the digest of its `index.jsonl`, and what was
    written.

    `old` is the digest of the one that lies there: one that would say the same is not written. Raises
    TargetError.
    """
    parquet = find_spec("pyarrow") is not None or sizes(f"{folder}/{PARQUET}") is not None
    written: list[There] = []

    def put(name: str, file: BinaryIO) -> None:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        target.write(f"{folder}/{name}", file)
        written.append(There(f"{folder}/{name}", size))

    with scratch() as lines:
        columns = _write_jsonl(lines, rows())
        new = digest_of(lines)
        files = {CSV: write_csv} | ({PARQUET: write_parquet} if parquet else {})
        for name, write in files.items():
            if new != old or sizes(f"{folder}/{name}") is None:
                with scratch() as file:
                    write(file, rows(), columns)
                    put(name, file)
        if new != old:
            put(JSONL, lines)  # last: it tells the next run that all of it is there
    return new, written


def digest_of(file: BinaryIO) -> str:
    """Return the SHA-256 of a file, from its beginning."""
    file.seek(0)
    found = hashlib.sha256()
    while part := file.read(1024 * 1024):
        found.update(part)
    return found.hexdigest()


def _write_jsonl(to: BinaryIO, rows: Iterable[Row]) -> list[str]:
    """Write the rows as JSON; return the columns that a table of them has."""
    columns = dict[str, None]()
    for row in rows:
        columns |= dict.fromkeys(flat(row))
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
        to.write(text.encode(errors="backslashreplace"))
    return ordered(columns)


def ordered(columns: Iterable[str]) -> list[str]:
    """Return the columns: the brief's id, its metadata, then the others."""
    own = [name for name in columns if name not in COLUMNS]
    return [COLUMNS[0], *own, *COLUMNS[1:]]


def write_csv(to: BinaryIO, rows: Iterable[Row], columns: list[str]) -> None:
    """Write the rows as CSV (RFC 4180): UTF-8, with the mark by which Excel knows it."""
    file = io.TextIOWrapper(to, encoding="utf-8-sig", errors="backslashreplace", newline="")
    writer = csv.writer(file)
    writer.writerow(map(cell, columns))
    for row in rows:
        found = flat(row)
        writer.writerow([cell(found.get(name)) for name in columns])
    file.detach()


def cell(value: Any) -> str:
    """Return a value as a cell; one that a spreadsheet would run gets an apostrophe before it.

    Numbers stay as they are, also those that begin with a sign.
    """
    text = _text(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def uncelled(text: str) -> str:
    """Return the text of a cell as it was before `cell` made it safe."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def write_parquet(to: BinaryIO, rows: Iterable[Row], columns: list[str]) -> None:
    """Write the rows as Parquet: numbers and times are typed, the sender's own metadata are texts.

    Raises TargetError where the package for it is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        told = "an index.parquet needs the package pyarrow: pip install 'identity-worker[parquet]'"
        raise TargetError(told) from error
    types = {
        **dict.fromkeys(_WHOLE, pyarrow.int64()),
        "credits": pyarrow.float64(),
        **dict.fromkeys(TIMES, pyarrow.timestamp("ms", tz="UTC")),
    }
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in columns])
    walk = map(flat, rows)
    with parquet.ParquetWriter(to, schema) as writer:
        while group := _columns(islice(walk, _GROUP), columns):
            writer.write_batch(pyarrow.RecordBatch.from_pydict(group, schema=schema))


def _columns(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dict[str, list[Any]]:
    """Return the columns of some rows, of none nothing: the rows would need four times the memory."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        for name in columns:
            found.setdefault(name, []).append(_typed(name, row.get(name)))
    return found


def _typed(name: str, value: Any) -> Any:
    if value is None or name in _WHOLE or name == "credits":
        return value
    if name in TIMES:
        return datetime.fromisoformat(value)
    return _text(value).encode(errors="backslashreplace").decode()
