"""Which marks a picture carries: found in any kind of file, and in hostile ones at no cost."""

import struct
import sys
import zlib

import pytest
from marked_pictures import KINDS, packet, picture, png_with

from worker.marking import source_types
from worker.marking.containers import MOST_XMP_BYTES
from worker.marking.reading import Mark, read_marks
from worker.marking.source_types import TRAINED

ATTRIBUTE = source_types.with_source_type(None, TRAINED)
ELEMENT = packet(f"<i:DigitalSourceType>{TRAINED}</i:DigitalSourceType>")
RESOURCE = packet(f'<i:DigitalSourceType r:resource="{TRAINED}"/>')
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_without_marks_carries_none(kind: str) -> None:
    assert read_marks(picture(kind)) == (Mark.ABSENT, Mark.ABSENT, None, None)


@pytest.mark.parametrize("said", [ATTRIBUTE, ELEMENT, RESOURCE], ids=["attribute", "element", "resource"])
@pytest.mark.parametrize("kind", KINDS)
def test_iptcs_mark_is_read_of_each_kind_of_file(kind: str, said: bytes) -> None:
    content = (
        png_with((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + said))
        if kind == "PNG"
        else picture(kind, xmp=said)
    )
    assert read_marks(content) == (Mark.ABSENT, Mark.VALID, TRAINED, None)


def test_a_source_that_is_no_term_of_iptc_is_not_valid() -> None:
    said = packet(
        "<i:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/magic</i:DigitalSourceType>"
    )
    marks = read_marks(picture("JPEG", xmp=said))
    assert (marks.iptc, marks.digital_source_type) == (Mark.PRESENT, source_types.VOCABULARY + "magic")


def test_a_compressed_packet_is_read_unless_it_grows_too_large() -> None:
    def compressed(text: bytes) -> bytes:
        return png_with((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(text)))

    assert read_marks(compressed(ELEMENT)).iptc is Mark.VALID
    assert read_marks(compressed(ELEMENT + b" " * 50 * MOST_XMP_BYTES)).iptc is Mark.ABSENT


def test_a_manifest_that_fits_nothing_says_why_it_is_not_valid() -> None:
    marks = read_marks(png_with((b"caBX", b"no JUMBF at all")))
    assert marks.c2pa is Mark.PRESENT
    assert marks.c2pa_note is not None


def test_an_empty_place_for_a_manifest_is_none() -> None:
    assert read_marks(png_with((b"caBX", b""))).c2pa is Mark.ABSENT


def test_without_the_extra_a_manifest_is_present_and_not_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    marks = read_marks(png_with((b"caBX", b"something")))
    assert marks.c2pa is Mark.PRESENT
    assert "[c2pa]" in (marks.c2pa_note or "")


def _app1(body: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


HOSTILE = {
    "nothing": b"",
    "a beginning alone": b"\xff\xd8",
    "a length of none": b"\xff\xd8\xff\xe1\x00\x00" + b"x" * 40,
    "a length beyond the end": b"\xff\xd8\xff\xe1\xff\xffhttp://ns.adobe.com/xap/1.0/\0",
    "bytes that fill up": b"\xff\xd8" + b"\xff" * 5000,
    "a chunk of 4 GiB": b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffiTXtXML:com.adobe.xmp\0",
    "no end of fields": png_with((b"iTXt", b"XML:com.adobe.xmp\0\0\0en")),
    "no stream of zlib": png_with((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0garbage")),
    "a chunk of RIFF beyond the end": b"RIFF\xff\xff\xff\xffWEBPXMP \xff\xff\xff\x7f<x/>",
    "a million chunks": b"RIFF\0\0\0\0WEBP" + b"JUNK\0\0\0\0" * 200_000,
    "entities": b"\xff\xd8" + _app1(b"http://ns.adobe.com/xap/1.0/\0" + BOMB),
    "broken XML": b"\xff\xd8" + _app1(b"http://ns.adobe.com/xap/1.0/\0<a><b></a>"),
    "another encoding": b"\xff\xd8" + _app1(b"http://ns.adobe.com/xap/1.0/\0" + "<x/>".encode("utf-16")),
    "deep XML": b"\xff\xd8" + _app1(b"http://ns.adobe.com/xap/1.0/\0" + b"<a>" * 20_000),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_carries_nothing(content: bytes) -> None:
    assert read_marks(content)[:2] == (Mark.ABSENT, Mark.ABSENT)
