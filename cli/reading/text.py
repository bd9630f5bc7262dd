"""Decodes bytes to text whose places can be named: encodings, byte order marks, lines, columns."""

import codecs
import re
from bisect import bisect_right

from config.errors import IdentityWorkerError

#: The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: How files begin that are no text at all, and what to do with them.
_NO_TEXT = (
    (b"\x1f\x8b", "is packed by gzip: unpack it first"),
    (b"PK\x03\x04", "is a zip archive or a spreadsheet: unpack it, or save it as JSON"),
    (b"\x28\xb5\x2f\xfd", "is packed by zstd: unpack it first"),
)
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
    for beginning, told in _NO_TEXT:
        if content.startswith(beginning):
            raise TextError(told)
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if encoding in ("utf-16", "utf-32"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            told = f"begins as {encoding.upper()}, and is none at byte {error.start + 1}: save it as UTF-8"
            raise TextError(told) from error
    if b"\x00" in content[:4]:
        raise TextError("must be UTF-8, and looks like UTF-16 or binary data: save it as UTF-8")
    return content.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Return a part of such a text as bytes: as they were in the file, unless it had another encoding."""
    return text.encode("utf-8", "surrogateescape")


class Places:
    """Names the places of a text by line and column, both from 1."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(end.end() for end in LINE_END.finditer(text))]

    @property
    def many(self) -> bool:
        """Whether the text has more than one line."""
        return len(self._starts) > 1

    def line(self, offset: int) -> int:
        """Return the line of an offset, as an editor counts."""
        return bisect_right(self._starts, offset)

    def name(self, offset: int) -> str:
        """Return where an offset is, in words."""
        line = self.line(offset)
        return f"line {line}, column {offset - self._starts[line - 1] + 1}"

    def line_at(self, offset: int) -> str:
        """Return the text of the line of an offset, from the offset on when it stands far to the right."""
        start = self._starts[self.line(offset) - 1]
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
