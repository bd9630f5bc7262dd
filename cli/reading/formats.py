"""Tells in which format a file holds briefs: by its name, else by how it begins."""

import re
from enum import StrEnum
from pathlib import PurePath


class Format(StrEnum):
    """How briefs are written down."""

    #: Documents and arrays.
    JSON = "json"
    #: A document on each line.
    JSONL = "jsonl"
    #: A table in text, whatever stands between its columns.
    CSV = "csv"
    #: A table in text with tabs between its columns.
    TSV = "tsv"
    #: A workbook of Excel.
    XLSX = "xlsx"


#: Endings of files that hold briefs, whatever their case; `.gz` may stand behind each.
ENDINGS = {
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".tab": Format.TSV,
    ".xlsx": Format.XLSX,
    ".xlsm": Format.XLSX,
}
#: Endings of photos, of which each is a brief by itself.
PHOTOS = (".jpg", ".jpeg", ".png", ".webp")
TABLES = (Format.CSV, Format.TSV, Format.XLSX)

#: Bytes by which a format is told.
BEGINNING = 4096
_ZIP = b"PK\x03\x04"
#: A table's first line: names, quoted or not, with separators between them.
_HEADER = re.compile(r"""\ufeff?([\w"'(][\w"' ./()\[\]-]*)([,;\t|] ?[\w"' ./()\[\]-]*)+""")


def by_name(name: str) -> Format | None:
    """Return the format that a file's name tells, None where it tells none."""
    path = PurePath(name.lower())
    return ENDINGS.get(PurePath(path.stem).suffix if path.suffix == ".gz" else path.suffix)


def is_photo(name: str) -> bool:
    """Return whether a file's name is that of a photo."""
    return name.lower().endswith(PHOTOS)


def by_content(beginning: bytes) -> Format:
    """Return the format that the first bytes of a file tell: JSON where nothing speaks for another."""
    if beginning.startswith(_ZIP):
        return Format.XLSX
    encoding = "utf-16" if beginning[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    text = beginning.decode(encoding, "replace").removeprefix("\xef\xbb\xbf").lstrip("\ufeff \r\n")
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    if first.startswith("sep="):
        return Format.CSV
    return Format.CSV if first[:1] not in "{[" and _HEADER.fullmatch(first) else Format.JSON
