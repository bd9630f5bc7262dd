"""Marked copies: signed, naming their brief, with the picture itself as it was."""

import hashlib
from io import BytesIO
from pathlib import Path

import c2pa
import pytest
from marked_pictures import KINDS, packet, picture, signer
from PIL import Image

from config.settings import Settings
from worker.marking.reading import Mark, made_from, read_marks
from worker.marking.signing import Marker, MarkingError, open_marker
from worker.marking.source_types import TRAINED, VOCABULARY


@pytest.fixture(scope="module")
def marker() -> Marker:
    return Marker(*signer())


def pixels(content: bytes) -> bytes:
    return Image.open(BytesIO(content)).convert("RGBA").tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_valid_names_its_brief_and_shows_the_picture(kind: str, marker: Marker) -> None:
    content = picture(kind)
    copy = marker.mark(content, "spring-07")
    assert read_marks(copy) == (Mark.VALID, Mark.VALID, TRAINED, None)
    assert made_from(copy) == ("spring-07", hashlib.sha256(content).hexdigest())
    assert pixels(copy) == pixels(content)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_that_was_changed_is_no_longer_valid(kind: str, marker: Marker) -> None:
    copy = bytearray(marker.mark(picture(kind), "b"))
    end = {"JPEG": -40, "PNG": -30, "WEBP": -600}[kind]
    place = copy.index(b"VP8 ") + 40 if kind == "WEBP" else len(copy) + end
    copy[place] ^= 1
    marks = read_marks(bytes(copy))
    assert marks.c2pa is Mark.PRESENT
    assert marks.c2pa_note is not None


def test_a_manifest_that_was_there_stays_in_the_copy(marker: Marker) -> None:
    content = marker.mark(picture("JPEG"), "first")
    copy = marker.mark(content, "second")
    assert read_marks(copy).c2pa is Mark.VALID
    assert made_from(copy) == ("second", hashlib.sha256(content).hexdigest())
    with c2pa.Reader("image/jpeg", BytesIO(copy)) as reader:
        assert [each["relationship"] for each in reader.get_active_manifest()["ingredients"]] == ["parentOf"]
        assert "first" in reader.json()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_xmp_that_says_other_things_is_kept(kind: str, marker: Marker) -> None:
    said = packet('<i:LocationShown r:resource="studio"/>')
    copy = marker.mark(picture(kind, xmp=said), "b")
    assert read_marks(copy)[:3] == (Mark.VALID, Mark.VALID, TRAINED)
    assert b"LocationShown" in copy


def test_a_source_that_is_said_already_stays(marker: Marker) -> None:
    said = packet(f"<i:DigitalSourceType>{VOCABULARY}composite</i:DigitalSourceType>")
    copy = marker.mark(picture("JPEG", xmp=said), "b")
    assert read_marks(copy).digital_source_type == f"{VOCABULARY}composite"


@pytest.mark.parametrize("content", [b"", b"text", b"\xff\xd8\xff\xe1", picture("WEBP")[:30]])
def test_what_is_no_whole_picture_is_refused(content: bytes, marker: Marker) -> None:
    with pytest.raises(MarkingError):
        marker.mark(content, "b")


def test_a_wrong_key_is_refused_and_never_told() -> None:
    certificate, key = signer()
    secret = key.splitlines()[1].decode()
    for wrong in (b"", b"no key " + key, signer()[1], certificate):
        with pytest.raises(MarkingError) as told:
            Marker(certificate, wrong).mark(picture("PNG"), "b")
        assert secret not in str(told.value)


def test_the_settings_name_the_files_of_key_and_certificate(tmp_path: Path) -> None:
    with pytest.raises(MarkingError, match="IDENTITY_WORKER_MARK_CERTIFICATE and IDENTITY_WORKER_MARK_KEY"):
        open_marker(Settings())
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    values = Settings(mark_certificate=certificate, mark_key=key)
    with pytest.raises(MarkingError, match=r"chain\.pem: No such file"):
        open_marker(values)
    for path, content in zip((certificate, key), signer(), strict=True):
        path.write_bytes(content)
    assert read_marks(open_marker(values).mark(picture("PNG"), "b")).c2pa is Mark.VALID
