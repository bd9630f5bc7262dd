"""Finds what JPEG, PNG and WebP files carry beside the picture: their XMP packet, and a C2PA manifest.

Only the frames of the file are read, never the picture. Whatever lengths a file claims, no more is looked at
than is there, and only so many parts: a hostile file counts as one that carries nothing.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

#: Longest XMP packet that is read, in bytes; one in a JPEG has 64 KiB at most.
MOST_XMP_BYTES = 1024 * 1024
#: Most parts of a file that are looked at.
MOST_PARTS = 10_000

JPEG_START = b"\xff\xd8"
PNG_START = b"\x89PNG\r\n\x1a\n"
#: How the APP1 segment of a JPEG begins that holds XMP (XMP specification, part 3, 1.1.3).
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
#: The keyword of the iTXt chunk of a PNG that holds XMP (XMP specification, part 3, 1.1.5).
PNG_XMP = b"XML:com.adobe.xmp\0"
#: The id of the JUMBF box that holds C2PA's manifests (C2PA specification, *Use of JUMBF*).
_C2PA_BOX = bytes.fromhex("6332706100110010800000aa00389b71")

_APP11, _START_OF_SCAN, _END = 0xEB, 0xDA, 0xD9
#: The parts that may hold XMP, and how they begin then.
_BEFORE_XMP = {b"\xe1": JPEG_XMP, b"iTXt": PNG_XMP, b"XMP ": b""}


class Carried(NamedTuple):
    """What a file carries beside its picture."""

    xmp: bytes | None = None
    """Its first XMP packet."""
    c2pa: bool = False
    """Whether there is a place in it for a C2PA manifest that is not empty."""


class Part(NamedTuple):
    """A segment of a JPEG, or a chunk of a PNG or WebP: its name, where it begins and ends, what is in it."""

    name: bytes
    begin: int
    end: int
    body: memoryview


def carried(content: bytes) -> Carried:
    """Return what a file carries; nothing for one that is no JPEG, PNG or WebP, or is broken."""
    xmp, c2pa = None, False
    for part in parts(content):
        found = _xmp(part)
        xmp = found if xmp is None else xmp
        c2pa = c2pa or _is_c2pa(part)
    return Carried(xmp, c2pa)


def parts(content: bytes) -> Iterator[Part]:
    """Yield the parts of a file, up to the first that is not whole."""
    if content.startswith(JPEG_START):
        found = _segments(content)
    elif content.startswith(PNG_START):
        found = _png_chunks(content)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        found = _webp_chunks(content)
    else:
        return
    for number, part in enumerate(found):
        if number >= MOST_PARTS:
            return
        yield part


def _segments(content: bytes) -> Iterator[Part]:
    """Yield the segments before the picture of a JPEG, each named by its marker's second byte."""
    view, at = memoryview(content), len(JPEG_START)
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a byte that fills up
            at += 1
            continue
        length = struct.unpack_from(">H", content, at + 2)[0]
        end = at + 2 + length
        if marker in (_START_OF_SCAN, _END) or length < 2 or end > len(content):
            return
        yield Part(bytes([marker]), at, end, view[at + 4 : end])
        at = end


def _png_chunks(content: bytes) -> Iterator[Part]:
    view, at = memoryview(content), len(PNG_START)
    while at + 12 <= len(content):
        end = at + 12 + struct.unpack_from(">I", content, at)[0]
        if end > len(content):
            return
        yield Part(content[at + 4 : at + 8], at, end, view[at + 8 : end - 4])
        at = end


def _webp_chunks(content: bytes) -> Iterator[Part]:
    view, at = memoryview(content), 12
    while at + 8 <= len(content):
        length = struct.unpack_from("<I", content, at + 4)[0]
        end = at + 8 + length
        if end > len(content):
            return
        yield Part(content[at : at + 4], at, end + length % 2, view[at + 8 : end])
        at = end + length % 2


def is_xmp(part: Part) -> bool:
    """Return whether a part holds an XMP packet."""
    begin = _BEFORE_XMP.get(part.name)
    return begin is not None and bytes(part.body[: len(begin)]) == begin


def _xmp(part: Part) -> bytes | None:
    if not is_xmp(part):
        return None
    body = part.body[len(_BEFORE_XMP[part.name]) :]
    packet = _png_text(body) if part.name == b"iTXt" else bytes(body[: MOST_XMP_BYTES + 1])
    return packet if packet is not None and len(packet) <= MOST_XMP_BYTES else None


def _png_text(body: memoryview) -> bytes | None:
    """Return the text of an iTXt chunk, from behind its keyword; None where it can't be had."""
    compressed = bytes(body[:1]) == b"\x01"
    fields = bytes(body[2 : 2 + MOST_XMP_BYTES + 1024]).split(b"\0", 2)
    if len(fields) < 3:
        return None
    text = fields[2]
    if not compressed:
        return text
    try:
        return zlib.decompressobj().decompress(text, MOST_XMP_BYTES + 1)
    except zlib.error:
        return None


def _is_c2pa(part: Part) -> bool:
    if part.name == bytes([_APP11]):
        # "JP", the number of the box and of the packet, then the box; its description names what it is.
        return bytes(part.body[:2]) == b"JP" and _C2PA_BOX in bytes(part.body[8:64])
    return part.name in (b"caBX", b"C2PA") and len(part.body) > 0
