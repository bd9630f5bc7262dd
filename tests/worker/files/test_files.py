"""What is read of a brief's folder: nothing outside it, nothing too large, nothing that is no picture."""

import os
import unicodedata
from pathlib import Path
from typing import Literal, cast

import pytest

from config.settings import Settings
from worker.files import named_files
from worker.network.errors import FileRefusedError, FileUnavailableError
from worker.piktid.pictures import recognize

JPEG = b"\xff\xd8\xff and more"
LIMIT = 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture, and things beside it that are nobody's business."""
    path = tmp_path / "references"
    (path / "deep" / "er").mkdir(parents=True)
    (path / "a.jpg").write_bytes(JPEG)
    (path / "deep" / "er" / "b.jpg").write_bytes(JPEG)
    (path / "inside.jpg").symlink_to("deep/er/b.jpg")
    (path / "large.jpg").write_bytes(b"x" * (LIMIT + 1))
    (path / "full.jpg").write_bytes(b"x" * LIMIT)
    (tmp_path / "secret.jpg").write_bytes(JPEG)
    (tmp_path / "references-too").mkdir()
    (tmp_path / "references-too" / "secret.jpg").write_bytes(JPEG)
    (path / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (path / "out").symlink_to(tmp_path)
    (path / "round.jpg").symlink_to("round.jpg")
    (path / "dangling.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(path / "pipe.jpg")
    return path


@pytest.mark.parametrize("path", ["a.jpg", "./a.jpg", "deep/er/b.jpg", "deep//er/b.jpg", "inside.jpg"])
def test_a_file_under_the_folder_is_read(folder: Path, path: str) -> None:
    assert named_files.read_local(folder, path, max_bytes=LIMIT) == JPEG


@pytest.mark.parametrize(("stored", "named"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_is_found_in_either_form_of_unicode(folder: Path, stored: str, named: str) -> None:
    form = cast("Literal['NFC', 'NFD']", stored)
    place = folder / unicodedata.normalize(form, "Modèles")
    place.mkdir()
    (place / unicodedata.normalize(form, "Zoë.jpg")).write_bytes(JPEG)
    path = unicodedata.normalize(cast("Literal['NFC', 'NFD']", named), "Modèles/Zoë.jpg")
    assert named_files.read_local(folder, path, max_bytes=LIMIT) == JPEG
    with pytest.raises(FileRefusedError, match="No such file"):
        named_files.read_local(folder, path.replace("Zo", "No"), max_bytes=LIMIT)


def test_a_file_of_just_the_limit_is_read(folder: Path) -> None:
    assert len(named_files.read_local(folder, "full.jpg", max_bytes=LIMIT)) == LIMIT


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "deep",
        "gone.jpg",
        "a.jpg/b.jpg",
        "a\x00.jpg",
        "x" * 5000,
        "../secret.jpg",
        "../references-too/secret.jpg",
        "deep/../../secret.jpg",
        "out.jpg",
        "out/secret.jpg",
        "out/references/../secret.jpg",
        "round.jpg",
        "dangling.jpg",
        "pipe.jpg",
        "large.jpg",
        "/etc/passwd",
        "/dev/zero",
    ],
)
def test_what_is_no_file_under_the_folder_is_refused(folder: Path, path: str) -> None:
    with pytest.raises(FileRefusedError):
        named_files.read_local(folder, path, max_bytes=LIMIT)


def test_a_folder_that_is_not_there_may_be_there_later(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailableError):
        named_files.read_local(tmp_path / "unmounted", "a.jpg", max_bytes=LIMIT)


def test_without_a_folder_no_path_is_read() -> None:
    with pytest.raises(FileRefusedError, match="IDENTITY_WORKER_REFERENCE_DIR"):
        named_files.read("a.jpg", Settings(reference_dir=None))


@pytest.mark.parametrize(
    ("beginning", "suffix"),
    [(b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"RIFF\x00\x00\n\x00WEBP", ".webp")],
)
def test_the_type_goes_by_the_first_bytes_not_by_the_name(
    folder: Path, beginning: bytes, suffix: str
) -> None:
    (folder / "named.gif").write_bytes(beginning + b"...")
    picture = named_files.read("named.gif", Settings(reference_dir=folder))
    assert named_files.upload_name("named.gif", picture) == f"named{suffix}"


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<svg/>", b"%PDF-1.7", b" \xff\xd8\xff", b"RIFF....WAVE"]
)
def test_what_is_no_picture_is_refused(folder: Path, content: bytes) -> None:
    (folder / "named.jpg").write_bytes(content)
    with pytest.raises(FileRefusedError, match="no JPEG"):
        named_files.read("named.jpg", Settings(reference_dir=folder))


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("a/b/Ada Lovelace.jpeg", "Ada-Lovelace.jpg"),
        ("https://a.example/x/%C3%A9t%C3%A9.png?token=secret#part", "t.jpg"),
        ("https://a.example", "picture.jpg"),
        ("...", "picture.jpg"),
        ("x" * 500, "x" * 60 + ".jpg"),
    ],
)
def test_the_api_is_told_the_files_name_and_no_folder(place: str, name: str) -> None:
    picture = recognize(JPEG)
    assert picture is not None
    assert named_files.upload_name(place, picture) == name
