"""Decodes bytes to text whose places can be named: encodings, byte order marks, lines, columns."""

import codecs
import io
import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from config.errors import IdentityWorkerError

#: The longer marks first: that of UTF-32 begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: How files begin that are no text at all, and what to do with them.
_NO_TEXT = (
    (b"PK\x03\x04", "is a zip archive or a spreadsheet: unpack it, or give the workbook's name as .xlsx"),
    (b"\xd0\xcf\x11\xe0", "is an old workbook of Excel, or one with a password: save it as .xlsx without"),
    (b"\x28\xb5\x2f\xfd", "is packed by zstd: unpack it first"),
    (b"%PDF", "is a PDF: take the table or the texts out of it"),
    *((mark, "is a photo: name its file, with its ending") for mark in (b"\xff\xd8\xff", b"\x89PNG")),
)
#: What stands behind the first four bytes of photos of phones, and of videos.
_HEIC = b"ftyp"
#: What stands in the text for a byte that is no UTF-8 (`surrogateescape`).
_BAD_BYTE = re.compile("[\udc80-\udcff]")
#: Not as `str.splitlines`: it also splits at characters that may stand inside a JSON string.
LINE_END = re.compile(r"\r\n|\r|\n")


class TextError(IdentityWorkerError):
    """Raised for bytes that are no text; says what to do."""


def decoded(content: bytes) -> str:
    """Return the text of a file, with bytes that are no UTF-8 kept as lone surrogates. Raises TextError.

    Only what a byte order mark tells is believed: JSON is UTF-8 (RFC 8259, section 8.1), and a guess at
    another code page would write wrong names without a word.
    """
    no_text(content)
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), None)
    if encoding in ("utf-16", "utf-32"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            told = f"begins as {encoding.upper()}, and is none at byte {error.start + 1}: save it as UTF-8"
            raise TextError(told) from error
    if b"\x00" in content[:4]:
        raise TextError("must be UTF-8, and looks like UTF-16 or binary data: save it as UTF-8")
    return content.decode("utf-8", "surrogateescape")


def lines_of(stream: BinaryIO) -> Iterator[str]:
    """Yield the lines of a stream without their ends, decoded as by `decoded`, one by one."""
    beginning = stream.read(8)
    stream.seek(0)
    no_text(beginning)
    if b"\x00" in beginning[:4] or any(beginning.startswith(mark) for mark, name in MARKS if name != "utf-8"):
        yield from LINE_END.split(decoded(stream.read()))
        return
    text = io.TextIOWrapper(stream, "utf-8", errors="surrogateescape", newline="")
    try:
        for line in text:
            yield line.rstrip("\r\n")
    finally:
        # A generator that is given up may end after its file.
        with suppress(ValueError):
            text.detach()


def no_text(content: bytes) -> None:
    """Raise TextError for a file that begins as something that is no text."""
    for mark, told in _NO_TEXT:
        if content.startswith(mark):
            raise TextError(told)
    if content[4:8] == _HEIC:
        raise TextError("is a photo in HEIC or AVIF, or a video: the API takes JPEG, PNG and WebP")


def encoded(text: str) -> bytes:
    """Return a part of such a text as bytes: as they were in the file, unless it had another encoding."""
    return text.encode("utf-8", "surrogateescape")


class Places:
    """Names the places of a text by line and column, both from 1."""

    def __init__(self, text: str, first: int = 1) -> None:
        """Take a text, and the number of its first line."""
        self._text = text
        self._first = first
        self._starts = [0, *(end.end() for end in LINE_END.finditer(text))]

    @property
    def many(self) -> bool:
        """Whether the text has more than one line."""
        return len(self._starts) > 1

    def line(self, offset: int) -> int:
        """Return the line of an offset, as an editor counts."""
        return self._first - 1 + bisect_right(self._starts, offset)

    def name(self, offset: int) -> str:
        """Return where an offset is, in words."""
        line = self.line(offset)
        return f"line {line}, column {offset - self._starts[line - self._first] + 1}"

    def line_at(self, offset: int) -> str:
        """Return the text of the line of an offset, from the offset on when it stands far to the right."""
        start = self._starts[self.line(offset) - self._first]
        end = LINE_END.search(self._text, offset)
        line = self._text[start if offset - start < 80 else offset : end.start() if end else None]
        return encoded(line).decode("utf-8", "backslashreplace").strip()

    def bad_byte(self, start: int, end: int) -> str | None:
        """Return what is wrong with the first byte between two offsets that is no UTF-8, None without one."""
        found = _BAD_BYTE.search(self._text, start, end)
        if found is None:
            return None
        return (
            f"must be UTF-8: byte 0x{ord(found[0]) - 0xDC00:02x} at {self.name(found.start())} is none; "
            "convert the file, as with `iconv -f WINDOWS-1252 -t UTF-8`"
        )
