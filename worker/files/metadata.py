"""Takes metadata out of JPEG, PNG and WebP files without drawing them anew: EXIF, XMP, IPTC.

A picture that has any of these loses all that is not needed to draw it: comments, unknown blocks and what
is appended to it tell of the place as well (the film of a "motion photo", the second picture of a pair). One
that has none stays as it is, byte for byte. What stays of EXIF is the tag that says how it is turned.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from config.errors import IdentityWorkerError

#: The kinds of blocks that tell more than a photo shows; `_MINOR` ones go with them, `_SHOWN` ones stay.
EXIF, XMP, IPTC = "EXIF", "XMP", "IPTC"
_TELLING = (EXIF, XMP, IPTC)
_SHOWN, _MINOR = "shown", "minor"

#: Bytes that an unreadable file contains somewhere if it has metadata.
_SIGNS = re.compile(
    rb"Exif\x00|EXIF|eXIf|http://ns\.adobe\.com/|Photoshop 3\.0|Raw profile type|XML:com\.adobe\.xmp"
)
#: EXIF's tag of the orientation, from 1, upright (EXIF 2.3, 4.6.4).
_ORIENTATION = 0x0112
UPRIGHT = 1


class UnreadablePictureError(IdentityWorkerError):
    """Raised when a picture seems to have metadata, and is so broken that they can't be found."""


class Block(NamedTuple):
    """A part of a file: its kind, its bytes, and for EXIF its tags."""

    kind: str
    raw: bytes
    tiff: bytes = b""


class Stripped(NamedTuple):
    """A picture without its metadata."""

    content: bytes
    removed: tuple[str, ...]
    """What was: `EXIF`, `XMP`, `IPTC`; nothing of a picture that is as it was."""
    orientation: int
    """As EXIF says, which the content still says; 1 where it is upright."""


def strip(content: bytes) -> Stripped:
    """Return a picture without its metadata. Raises UnreadablePictureError."""
    form = next(form for form in _FORMS if content.startswith(form.begin))
    try:
        blocks = list(form.split(content))
    except (IndexError, struct.error) as error:
        if _SIGNS.search(content):
            raise UnreadablePictureError(
                "it is damaged, and may tell where the photo was taken: save it anew"
            ) from error
        return Stripped(content, (), UPRIGHT)
    removed = tuple(kind for kind in _TELLING if any(block.kind == kind for block in blocks))
    if not removed:
        return Stripped(content, (), UPRIGHT)
    turned = next((_orientation(block.tiff) for block in blocks if block.tiff), UPRIGHT)
    kept = [block.raw for block in blocks if block.kind == _SHOWN]
    if turned != UPRIGHT:
        place = next(n for n, block in enumerate(blocks) if block.tiff)
        before = sum(block.kind == _SHOWN for block in blocks[:place])
        kept.insert(before, form.exif(_only_orientation(turned)))
    return Stripped(form.join(kept), removed, turned)


def _orientation(tiff: bytes) -> int:
    """Return the orientation that a block of EXIF says, 1 where it says none that there is."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return UPRIGHT
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, first)
        for number in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * number)
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT


def _only_orientation(orientation: int) -> bytes:
    """Return EXIF with that tag alone."""
    return struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, _ORIENTATION, 3, 1, orientation, 0, 0)


def _split_jpeg(content: bytes) -> Iterator[Block]:
    yield Block(_SHOWN, content[:2])
    position = 2
    while position < len(content):
        start = position
        if content[position] != 0xFF:
            raise IndexError
        while content[position] == 0xFF:
            position += 1
        marker = content[position]
        position += 1
        if marker == 0xD9:
            yield Block(_SHOWN, content[start:position])
            break
        if marker != 0x01 and not 0xD0 <= marker <= 0xD7:
            (length,) = struct.unpack_from(">H", content, position)
            if length < 2 or position + length > len(content):
                raise IndexError
            payload, position = content[position + 2 : position + length], position + length
            if marker == 0xDA:
                # The picture itself ends at the next marker that is neither a stuffed byte nor a restart.
                end = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]").search(content, position)
                position = end.start() if end else len(content)
            yield _jpeg_block(marker, payload, content[start:position])
        else:
            yield Block(_SHOWN, content[start:position])
    if position < len(content):
        yield Block(_tail(content[position:]), content[position:])


def _jpeg_block(marker: int, payload: bytes, raw: bytes) -> Block:
    if marker == 0xE1 and payload.startswith(b"Exif\x00"):
        return Block(EXIF, raw, payload[6:])
    if marker == 0xE1 and payload.startswith(b"http://ns.adobe.com/"):
        return Block(XMP, raw)
    if marker == 0xED:
        return Block(IPTC, raw)
    drawn = not 0xE0 <= marker <= 0xEF and marker != 0xFE
    # JFIF, the colour profile, and how Adobe's programs have stored colours.
    known = marker in (0xE0, 0xEE) or (marker == 0xE2 and payload.startswith(b"ICC_PROFILE\x00"))
    return Block(_SHOWN if drawn or known else _MINOR, raw)


def _jpeg_exif(tiff: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", 2 + 6 + len(tiff)) + b"Exif\x00\x00" + tiff


#: Chunks beside the critical ones by which a PNG file is drawn (PNG, third edition, 11.3; APNG).
_PNG_DRAWN = (
    b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"hIST", b"tRNS",
    b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT",
)  # fmt: skip
_PNG_PROFILES = {b"exif": EXIF, b"APP1": EXIF, b"xmp": XMP, b"iptc": IPTC, b"8bim": IPTC}


def _split_png(content: bytes) -> Iterator[Block]:
    yield Block(_SHOWN, content[:8])
    position, kind = 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        if end > len(content):
            raise IndexError
        yield _png_block(kind, content[position + 8 : end - 4], content[position:end])
        position = end
    if position < len(content):
        yield Block(_tail(content[position:]), content[position:])


def _png_block(kind: bytes, data: bytes, raw: bytes) -> Block:
    if kind == b"eXIf":
        return Block(EXIF, raw, data)
    if kind in (b"tEXt", b"zTXt", b"iTXt"):
        keyword = data.partition(b"\x00")[0]
        if keyword == b"XML:com.adobe.xmp":
            return Block(XMP, raw)
        return Block(_PNG_PROFILES.get(keyword.removeprefix(b"Raw profile type "), _MINOR), raw)
    return Block(_SHOWN if kind[:1].isupper() or kind in _PNG_DRAWN else _MINOR, raw)


def _png_exif(tiff: bytes) -> bytes:
    named = b"eXIf" + tiff
    return struct.pack(">I", len(tiff)) + named + struct.pack(">I", zlib.crc32(named))


_WEBP_DRAWN = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
#: Bits of the first byte of VP8X: there is EXIF, there is XMP.
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04


def _split_webp(content: bytes) -> Iterator[Block]:
    (size,) = struct.unpack_from("<I", content, 4)
    last = 8 + size
    if last > len(content):
        raise IndexError
    position = 12
    while position < last:
        kind, length = struct.unpack_from("<4sI", content, position)
        end = position + 8 + length + length % 2
        if end > last:
            raise IndexError
        data, raw = content[position + 8 : position + 8 + length], content[position:end]
        if kind == b"EXIF":
            yield Block(EXIF, raw, data.removeprefix(b"Exif\x00\x00"))
        else:
            yield Block(XMP if kind == b"XMP " else _SHOWN if kind in _WEBP_DRAWN else _MINOR, raw)
        position = end
    if last < len(content):
        yield Block(_tail(content[last:]), content[last:])


def _join_webp(chunks: list[bytes]) -> bytes:
    """Return the file of these chunks, whose head says what is in it."""
    flags = _WEBP_EXIF if any(chunk.startswith(b"EXIF") for chunk in chunks) else 0
    body = b"".join(
        chunk[:8] + bytes([chunk[8] & ~(_WEBP_EXIF | _WEBP_XMP) | flags]) + chunk[9:]
        if chunk.startswith(b"VP8X")
        else chunk
        for chunk in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _webp_exif(tiff: bytes) -> bytes:
    return b"EXIF" + struct.pack("<I", len(tiff)) + tiff + b"\x00" * (len(tiff) % 2)


def _tail(appended: bytes) -> str:
    """Return the kind of what follows a picture's end."""
    return EXIF if _SIGNS.search(appended) else _MINOR


class _Form(NamedTuple):
    """A form of file: how it begins, is taken apart and put together, and its block of EXIF."""

    begin: bytes
    split: Callable[[bytes], Iterator[Block]]
    join: Callable[[list[bytes]], bytes]
    exif: Callable[[bytes], bytes]


_FORMS = (
    _Form(b"\xff\xd8", _split_jpeg, b"".join, _jpeg_exif),
    _Form(b"\x89PNG", _split_png, b"".join, _png_exif),
    _Form(b"RIFF", _split_webp, _join_webp, _webp_exif),
)
