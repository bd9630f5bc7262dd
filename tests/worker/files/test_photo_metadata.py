"""A photo leaves the installation upright and without where it was taken; others leave as they are."""

import io
import struct
import sys
from typing import Any

import pytest
from PIL import Image

from worker.files import photos
from worker.network.errors import FileRefusedError
from worker.piktid.pictures import Picture, recognize

PLACE = b"8 deg 32' 28.6\" E"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>47,22.5N</exif:GPSLatitude></x:xmpmeta>'
FORMATS = ("JPEG", "PNG", "WEBP")


#: A picture of 64 by 32: red on the left, blue on the right.
HALVES = Image.new("RGB", (64, 32), "red")
HALVES.paste("blue", (32, 0, 64, 32))


def taken(form: str, orientation: int | None = 6, **more: Any) -> bytes:
    """A photo with its place in EXIF and XMP."""
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    exif[0x010F] = "Maker of cameras"
    exif[0x8825] = {1: "N", 2: (47.0, 22.0, 30.0), 29: PLACE.decode()}
    file = io.BytesIO()
    HALVES.save(file, form, exif=exif, **({} if form == "PNG" else {"xmp": XMP}), **more)
    return file.getvalue()


def picture(content: bytes) -> Picture:
    found = recognize(content)
    assert found is not None
    return found


def sent(content: bytes) -> tuple[Image.Image, bytes, dict[str, Any]]:
    """What is uploaded of a photo: as it is drawn, its bytes, and what the record says."""
    found = recognize(content)
    assert found is not None
    prepared, done = photos.prepared(found, keep_exif=False)
    image = Image.open(io.BytesIO(prepared.content))
    image.load()
    return image, prepared.content, done


@pytest.mark.parametrize("form", FORMATS)
def test_where_it_was_taken_is_removed_and_it_stands_upright(form: str) -> None:
    image, content, done = sent(taken(form))
    assert PLACE not in content
    assert b"GPSLatitude" not in content
    assert b"Maker" not in content
    assert (image.format, image.size, dict(image.getexif())) == (form, (32, 64), {})
    # Stored with its right side up: turned by 90 degrees to the right, red is above.
    top, bottom = image.convert("RGB").getpixel((16, 8)), image.convert("RGB").getpixel((16, 56))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > 60 > top[2]
    assert bottom[2] > 200 > 60 > bottom[0]
    assert done == {"removed": ["EXIF"] if form == "PNG" else ["EXIF", "XMP"], "turned": True}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("orientation", [None, 1, 9])
def test_an_upright_one_is_not_drawn_anew(form: str, orientation: int | None) -> None:
    before = taken(form, orientation, icc_profile=b"\x00" * 200)
    image, content, done = sent(before)
    assert "turned" not in done
    assert PLACE not in content
    assert image.info["icc_profile"] == b"\x00" * 200
    assert image.tobytes() == Image.open(io.BytesIO(before)).convert(image.mode).tobytes()


@pytest.mark.parametrize("form", FORMATS)
def test_a_photo_without_metadata_leaves_byte_for_byte(form: str) -> None:
    file = io.BytesIO()
    HALVES.save(file, form, **({"comment": "by hand"} if form == "JPEG" else {}))
    content = file.getvalue() + b"appended"
    assert sent(content)[1:] == (content, {"removed": []})


@pytest.mark.parametrize("form", FORMATS)
def test_without_pillow_it_keeps_only_how_it_is_turned(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = picture(taken(form))
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "PIL", None)
        prepared, done = photos.prepared(photo, keep_exif=False)
    assert done["orientation"] == 6
    assert PLACE not in prepared.content
    image = Image.open(io.BytesIO(prepared.content))
    image.load()
    assert dict(image.getexif()) == {0x0112: 6}
    # Once more: nothing else is left that could be removed.
    assert sent(prepared.content)[2] == {"removed": ["EXIF"], "turned": True}


@pytest.mark.parametrize("form", FORMATS)
def test_a_photo_can_be_kept_as_it_is(form: str) -> None:
    content = taken(form)
    prepared, done = photos.prepared(picture(content), keep_exif=True)
    assert (prepared.content, done) == (content, {"kept": True})


def test_what_is_appended_to_a_photo_goes_with_its_metadata() -> None:
    film = b"ftypmp42 moov \xa9xyz+47.3750+008.5411/"
    assert film not in sent(taken("JPEG", 1) + film)[1]
    second = io.BytesIO()
    HALVES.save(second, "JPEG")
    assert PLACE not in sent(second.getvalue() + taken("JPEG", 1))[1]


@pytest.mark.parametrize(
    "block",
    [
        b"\xff\xed\x00\x14Photoshop 3.0\x00Rome",
        b"\xff\xe1\x00\x26http://ns.adobe.com/xmp/extension/Ro",
    ],
)
def test_other_metadata_of_a_jpeg_is_removed(block: bytes) -> None:
    file = io.BytesIO()
    HALVES.save(file, "JPEG", comment="seen in Oslo")
    content = file.getvalue()
    image, cleaned, done = sent(content[:2] + block + content[2:])
    assert block not in cleaned
    assert b"Oslo" not in cleaned
    assert done["removed"] in (["IPTC"], ["XMP"])
    assert image.tobytes() == Image.open(io.BytesIO(content)).tobytes()


def test_text_and_raw_profiles_of_a_png_are_removed() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Raw profile type exif", "\nexif\n 8\n4578696600004d4d\n")
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    info.add_text("Location", "Oslo")
    file = io.BytesIO()
    HALVES.save(file, "PNG", pnginfo=info)
    image, content, done = sent(file.getvalue())
    assert done == {"removed": ["EXIF", "XMP"]}
    assert not image.info
    assert b"Oslo" not in content


@pytest.mark.parametrize("form", FORMATS)
def test_a_broken_one_is_refused_if_it_may_tell_of_a_place(form: str) -> None:
    content = taken(form)
    place = content.index(b"Exif\x00\x00" if form == "JPEG" else b"eXIf" if form == "PNG" else b"EXIF")
    broken = bytearray(content)
    # The length of the block of EXIF, which leads out of the file.
    at = place - 2 if form == "JPEG" else place - 4 if form == "PNG" else place + 4
    broken[at : at + 2] = b"\xff\xff"
    if form == "WEBP":
        broken[at : at + 4] = struct.pack("<I", 2**31)
    with pytest.raises(FileRefusedError, match="keep_exif"):
        photos.prepared(picture(bytes(broken)), keep_exif=False)
    start = b"\xff\xd8\xff and more" if form == "JPEG" else content[:12]
    assert photos.prepared(picture(start), keep_exif=False).picture.content == start


def test_a_photo_too_large_to_be_turned_keeps_its_orientation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MOST_PIXELS", 64 * 32 - 1)
    image, content, done = sent(taken("JPEG"))
    assert done == {"removed": ["EXIF", "XMP"], "orientation": 6}
    assert image.size == (64, 32)
    assert PLACE not in content
