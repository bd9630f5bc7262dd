"""`verify`: an exported picture, its digest and its receipt against each other."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from marked_pictures import picture, signer
from typer.testing import CliRunner

from cli.main import app
from config.settings import settings
from worker.marking.reading import read_marks

CONTENT = picture("JPEG")


def entry(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"picture": path.name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A folder of an identity as `export` leaves it."""
    folder = tmp_path / "spring" / "4711"
    folder.mkdir(parents=True)
    file = folder / "4711.jpg"
    file.write_bytes(CONTENT)
    receipt = {
        "brief_id": "b1",
        "drafts": [{"image_result_id": 7}],
        "choice": {"image_result_id": 7},
        "marks": read_marks(CONTENT).as_json(),
        **entry(file),
    }
    (folder / "metadata.json").write_text(json.dumps(receipt))
    return folder


def verified(*files: Path) -> tuple[int, list[dict[str, Any]]]:
    result = CliRunner().invoke(app, ["verify", "--json", *map(str, files)])
    return result.exit_code, json.loads(result.stdout)["files"]


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = folder / "metadata.json"
    receipt = json.loads(file.read_text())
    change(receipt)
    file.write_text(json.dumps(receipt))


def test_what_was_exported_fits_by_its_picture_and_by_its_receipt(exported: Path) -> None:
    code, found = verified(exported / "4711.jpg", exported / "metadata.json")
    assert (code, [each["faults"] for each in found]) == (0, [[], []])
    assert {each["brief_id"] for each in found} == {"b1"}
    assert verified(exported.parents[1]) == (0, found[1:]), "a folder stands for all that lies below it"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda told: told.update(sha256="0" * 64), "its SHA-256 is"),
        (lambda told: told.update(size=1), "bytes, and metadata.json says 1"),
        (lambda told: told.update(drafts=[]), "is none of those"),
        (lambda told: told.update(choice=None), "is none of those"),
        (lambda told: told["marks"].update(iptc="valid"), "its iptc mark is absent"),
        (lambda told: told.update(picture="../../../etc/passwd"), "outside of its batch"),
        (lambda told: told.update(picture="other.jpg"), "other.jpg, not of this file"),
        (lambda told: told.pop("picture"), "names no picture"),
        (lambda told: told.pop("brief_id"), "it names no brief"),
    ],
)
def test_a_receipt_that_tells_of_another_picture_does_not_fit(
    exported: Path, change: Callable[[dict[str, Any]], object], fault: str
) -> None:
    changed(exported, change)
    code, found = verified(exported / "4711.jpg")
    assert code == 1
    assert fault in "; ".join(found[0]["faults"])


def test_a_picture_that_was_changed_does_not_fit(exported: Path) -> None:
    (exported / "4711.jpg").write_bytes(picture("PNG"))
    code, found = verified(exported / "4711.jpg")
    assert code == 1
    assert "it is called .jpg and is .png" in found[0]["faults"]
    assert len(found[0]["faults"]) == 3


@pytest.fixture
def marking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings that name a certificate and its key."""
    for name, content in zip(("certificate", "key"), signer(), strict=True):
        (tmp_path / name).write_bytes(content)
        monkeypatch.setenv(f"IDENTITY_WORKER_MARK_{name.upper()}", str(tmp_path / name))
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_a_marked_copy_fits_the_receipt_that_it_was_made_by(exported: Path, marking: None) -> None:
    told = CliRunner().invoke(app, ["mark", str(exported / "4711.jpg")])
    assert (told.exit_code, (exported / "4711.jpg").read_bytes()) == (0, CONTENT)
    code, found = verified(exported / "4711.marked.jpg", exported / "metadata.json")
    assert (code, [each["faults"] for each in found]) == (0, [[], [], []])
    changed(exported, lambda told: told.update(brief_id="another"))
    code, found = verified(exported / "4711.marked.jpg")
    assert code == 1
    assert "names" in found[0]["faults"][0]


def test_a_file_that_can_not_be_read_does_not_end_the_others(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_bytes(b"[" * 100_000)
    code, found = verified(tmp_path / "no.jpg", exported / "gone" / "x.jpg", exported / "4711.jpg")
    assert (code, [bool(each["faults"]) for each in found]) == (1, [True, True, False])
