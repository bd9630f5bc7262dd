"""Tells the encoding of a table of text: by its byte order mark, as UTF-8, else by charset-normalizer."""

import codecs
import unicodedata
from typing import BinaryIO, NamedTuple

from cli.reading.text import MARKS, TextError, no_text

#: Bytes that are looked at where an encoding has to be guessed: lines that are not ASCII.
_SAMPLE = 64 * 1024
_PART = 1024 * 1024
#: What spreadsheets save text in, the most common first. Others differ from these in signs that no name has.
_COMMON = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "mac_roman"),
    *("cp932", "gb18030", "big5", "cp949"),
)
#: What a text is encoded in behind its mark. The names that tell of a mark would put one before each row.
_OF_MARK = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
#: The same of texts without one, which spreadsheets write as Windows does.
_PLAIN = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_SELDOM = "\u00b9\u00b2\u00b3\u00b6\u00a7\u00b7\u00bc\u00bd\u00be\u00bf\u00a1"


class Encoding(NamedTuple):
    """How a text is encoded."""

    name: str
    mark: bytes = b""
    """The byte order mark at its beginning."""
    guessed: bool = False


def encoding_of(stream: BinaryIO, named: str | None) -> Encoding:
    """Return the encoding of a stream, read from its beginning, or that which is `named`. Raises TextError.

    A guess can write wrong names: whoever reads by one tells of it.
    """
    stream.seek(0)
    beginning = stream.read(8)
    no_text(beginning)
    mark, marked = next(((mark, name) for mark, name in MARKS if beginning.startswith(mark)), (b"", None))
    if named is not None and not (marked and _same(marked, named)):
        return Encoding(_PLAIN.get(codecs.lookup(named).name, named))
    if marked is not None:
        return Encoding(_OF_MARK[mark], mark)
    if b"\x00" in beginning[:4]:
        return Encoding("utf-16-be" if beginning[:1] == b"\x00" else "utf-16-le", guessed=True)
    sample = _not_utf8(stream)
    return Encoding("utf-8") if sample is None else Encoding(_guess(sample), guessed=True)


def _same(marked: str, named: str) -> bool:
    return codecs.lookup(named).name.startswith(codecs.lookup(marked).name)


def _not_utf8(stream: BinaryIO) -> bytes | None:
    """Return the lines with bytes that are no ASCII, up to a sample's size; None where all is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    try:
        while part := stream.read(_PART):
            decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        stream.seek(0)
        sample = bytearray()
        for line in stream:
            if not line.isascii():
                sample += line[: _SAMPLE - len(sample)]
            if len(sample) >= _SAMPLE:
                break
        return bytes(sample)
    return None


def _guess(sample: bytes) -> str:
    # Not at the top: few files need it.
    from charset_normalizer import from_bytes

    found = list(from_bytes(sample, cp_isolation=list(_COMMON), enable_fallback=False))
    if not found:
        raise TextError("its encoding can't be told: save it as UTF-8, or name it by --encoding")
    fitting = [(each, name) for each in found for name in each.could_be_from_charset if name in _COMMON]
    # A short text fits many: the one that makes letters of its bytes, then the most common one.
    best = min(fitting, key=lambda each: (each[0].chaos, _symbols(str(each[0])), _COMMON.index(each[1])))
    return best[1]


def _symbols(text: str) -> int:
    """Return how many signs stand in a text that names and sentences seldom have, as in `w\u00b3osy`."""
    return sum(unicodedata.category(each)[0] == "S" or each in _SELDOM for each in text if each > "\x7f")
