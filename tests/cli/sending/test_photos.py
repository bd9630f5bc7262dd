"""The pictures that briefs name are opened where the briefs are checked, not first by the worker."""

import io
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from commandline import Command
from support import brief

from cli.reading.tables.naming import Naming
from cli.reading.tables.template import Template
from cli.sending.files import How, Reading
from cli.sending.outgoing import Outgoing, Status
from cli.sending.photos import PhotoCheck
from cli.sending.preparing import Rules, prepare
from config.settings import Settings
from worker.files import named_files

JPEG = b"\xff\xd8\xff and more"
PROMPT = {"prompt": "in this vibe"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "photos"
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "a.jpg").write_bytes(JPEG)
    (path / "text.jpg").write_text("no picture")
    (path / "empty.jpg").touch()
    (path / "large.jpg").write_bytes(JPEG + b"x" * 100)
    (path / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (tmp_path / "secret.jpg").write_bytes(JPEG)
    return path


def checked(folder: Path | None, *briefs: dict[str, Any]) -> tuple[list[Outgoing], str]:
    settings = Settings(reference_dir=folder, max_upload_bytes=100)
    items = Reading(["-"], io.BytesIO(json.dumps(briefs).encode())).items()
    photos = PhotoCheck(settings)
    outgoing = list(prepare(items, Rules(settings), photos))
    return outgoing, str(photos.found())


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("gone.jpg", "gone.jpg: No such file or directory"),
        ("deep", "deep: Is a directory"),
        ("text.jpg", "text.jpg: it is no JPEG, PNG or WebP picture"),
        ("empty.jpg", "empty.jpg: it is no JPEG, PNG or WebP picture"),
        ("large.jpg", "large.jpg: is larger than 100 bytes"),
        ("out.jpg", "out.jpg: leads out of the folder of reference images"),
    ],
)
def test_a_photo_that_cannot_be_used_is_a_fault_of_its_brief(folder: Path, place: str, why: str) -> None:
    asset = brief(instructions=[{**PROMPT, "input_assets": [{"file": "deep/a.jpg"}, {"file": place}]}])
    (reference, other), told = checked(folder, {"reference_image": place}, asset)
    assert [(each.status, [fault.path for fault in each.faults]) for each in (reference, other)] == [
        (Status.BAD, ["reference_image"]),
        (Status.BAD, ["instructions[0].input_assets[1].file"]),
    ]
    assert told == "2 opened, 1 JPEG of 0.0 MB together, 1 of them can't be used"
    assert reference.faults[0].rule == f"must be a picture that can be used; {why}"


def test_a_check_says_what_the_worker_would(folder: Path) -> None:
    settings = Settings(reference_dir=folder, max_upload_bytes=100)
    for place in ("gone.jpg", "deep", "text.jpg", "large.jpg", "out.jpg"):
        with pytest.raises(named_files.FileRefusedError) as of_worker:
            named_files.read(place, settings)
        with pytest.raises(named_files.FileRefusedError) as of_check:
            named_files.check_local(folder, place, max_bytes=100)
        assert str(of_check.value) == str(of_worker.value)


def test_a_name_in_another_form_of_unicode_names_the_same_photo(folder: Path) -> None:
    (folder / unicodedata.normalize("NFD", "Zoë.jpg")).write_bytes(JPEG)
    (found,), told = checked(folder, {"reference_image": unicodedata.normalize("NFC", "Zoë.jpg")})
    assert (found.status, told) == (Status.VALID, "1 opened, 1 JPEG of 0.0 MB together")


def test_a_photo_is_no_row_of_a_template(folder: Path) -> None:
    how = How(settings=Settings(reference_dir=folder), naming=Naming(template=Template({"name": "{who}"})))
    (found,) = Reading([str(folder / "deep")], io.BytesIO(), how).items()
    assert "must be a table" in found.faults[0].rule


def test_good_photos_are_counted_once_and_urls_are_not_fetched(folder: Path) -> None:
    url = {"reference_image": "https://nowhere.invalid/a.jpg"}
    outgoing, told = checked(
        folder, {"reference_image": "deep/a.jpg"}, {"reference_image": "deep/a.jpg"}, url
    )
    assert {each.status for each in outgoing} == {Status.VALID}
    assert told == "1 opened, 1 JPEG of 0.0 MB together, 1 URL checked for form only, not fetched"


def test_where_the_folder_is_not_on_this_machine_that_is_told(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "not mounted"):
        (each,), told = checked(folder, {"reference_image": "a.jpg"})
        assert each.status is Status.VALID
        assert told == "1 not opened: IDENTITY_WORKER_REFERENCE_DIR names no folder on this machine"


def test_each_photo_of_a_folder_of_photos_alone_is_a_brief(folder: Path) -> None:
    deep = folder / "deep"
    (deep / "B.PNG").write_bytes(JPEG)
    how = How(settings=Settings(reference_dir=folder))
    found = list(Reading([str(deep)], io.BytesIO(), how).items())
    assert [each.value for each in found] == [
        {"reference_image": "deep/B.PNG"},
        {"reference_image": "deep/a.jpg"},
    ]
    (deep / "briefs.csv").write_text("reference_image\ndeep/a.jpg\n")
    (only,) = Reading([str(deep)], io.BytesIO(), how).items()
    assert only.value == {"reference_image": "deep/a.jpg"}


def test_a_photo_outside_the_folder_of_reference_images_is_a_fault(folder: Path) -> None:
    for named in (folder / "deep", None):
        how = How(settings=Settings(reference_dir=named))
        (bad,) = Reading([str(folder / "text.jpg")], io.BytesIO(), how).items()
        assert "IDENTITY_WORKER_REFERENCE_DIR" in bad.faults[0].rule


def test_a_dry_run_opens_them(alone: Command, folder: Path) -> None:
    content = json.dumps({"reference_image": "gone.jpg"})
    answer = alone("enqueue", "-", "--dry-run", stdin=content, IDENTITY_WORKER_REFERENCE_DIR=str(folder))
    assert answer.returncode == 1
    assert "  reference_image: must be a picture that can be used; gone.jpg: No such file" in answer.stdout
