"""Puts an XMP packet into a copy of a picture, without touching the picture itself."""

import struct
import zlib

from config.errors import IdentityWorkerError
from worker.marking.containers import JPEG_START, JPEG_XMP, PNG_START, PNG_XMP, Part, carried, is_xmp, parts

#: Longest packet that a JPEG's segment holds, in bytes.
_MOST_IN_JPEG = 0xFFFF - 2 - len(JPEG_XMP)
#: The flags of WebP's VP8X chunk (WebP Container Specification).
_HAS_ALPHA, _HAS_XMP = 0x10, 0x04


class EmbeddingError(IdentityWorkerError, ValueError):
    """Raised when a packet can't be put into a file; says why."""


def with_xmp(content: bytes, packet: bytes) -> bytes:
    """Return a copy of a JPEG, PNG or WebP with this packet instead of its own; raises EmbeddingError."""
    own = [part for part in parts(content) if is_xmp(part)]
    if content.startswith(JPEG_START):
        made = _in_jpeg(_without(content, own), packet)
    elif content.startswith(PNG_START):
        made = _in_png(_without(content, own), packet)
    else:
        made = _in_webp(content, packet)
    if carried(made).xmp != packet:
        raise EmbeddingError("no XMP can be put into this file")
    return made


def _without(content: bytes, left_out: list[Part]) -> bytes:
    kept, at = [], 0
    for part in left_out:
        kept.append(content[at : part.begin])
        at = part.end
    return b"".join([*kept, content[at:]])


def _in_jpeg(content: bytes, packet: bytes) -> bytes:
    if len(packet) > _MOST_IN_JPEG:
        raise EmbeddingError(f"its XMP would have more than {_MOST_IN_JPEG} bytes")
    body = JPEG_XMP + packet
    # JFIF wants its own segment first.
    first = next(parts(content), None)
    at = first.end if first is not None and first.name == b"\xe0" else len(JPEG_START)
    return content[:at] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + content[at:]


def _in_png(content: bytes, packet: bytes) -> bytes:
    header = next(parts(content), None)
    if header is None:
        raise EmbeddingError("it is no whole PNG")
    # Not compressed, without a language.
    body = PNG_XMP + b"\0\0\0\0" + packet
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    return content[: header.end] + chunk + content[header.end :]


def _in_webp(content: bytes, packet: bytes) -> bytes:
    chunks = [part for part in parts(content) if not is_xmp(part)]
    if not chunks:
        raise EmbeddingError("it is no whole WebP")
    extended = next((part for part in chunks if part.name == b"VP8X"), None)
    header = _extended_header(chunks[0]) if extended is None else bytes(extended.body)
    header = bytes([header[0] | _HAS_XMP]) + header[1:]
    kept = [content[part.begin : part.end] for part in chunks if part.name != b"VP8X"]
    body = b"WEBP" + _chunk(b"VP8X", header) + b"".join(kept) + _chunk(b"XMP ", packet)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _extended_header(picture: Part) -> bytes:
    """Return a VP8X chunk's body for a file that has none: it announces nothing but the picture."""
    flags, width, height = 0, 0, 0
    if picture.name == b"VP8 " and len(picture.body) >= 10:
        width, height = (each & 0x3FFF for each in struct.unpack_from("<HH", picture.body, 6))
    elif picture.name == b"VP8L" and len(picture.body) >= 5:
        bits: int = struct.unpack_from("<I", picture.body, 1)[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags = _HAS_ALPHA if bits >> 28 & 1 else 0
    else:
        raise EmbeddingError("it begins with no picture")
    return bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
