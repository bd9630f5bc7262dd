"""The contact sheet is one page that needs nobody, whatever others have written into the briefs."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from worker.export import contact_sheet
from worker.places.targets import Folder

ROW: dict[str, Any] = {
    "brief_id": "b",
    "state": "choosing",
    "name": None,
    "identity_code": None,
    "batch": "x",
    "account": "a",
    "metadata": {"sku": 47},
    "error": None,
    "picture": "draft",
    "image_result_id": 501,
    "instruction": 0,
    "to_pick": [0],
    "file": "b/p.png",
}


@pytest.fixture
def target(tmp_path: Path) -> Folder:
    (tmp_path / "x" / "b").mkdir(parents=True)
    Image.new("RGB", (640, 480), "red").save(tmp_path / "x" / "b" / "p.png")
    return Folder(tmp_path)


def page(target: Folder, *rows: dict[str, Any]) -> str:
    return b"".join(contact_sheet.page((("x", ROW | row) for row in rows), target)).decode()


def test_the_words_of_others_are_shown_and_never_run(target: Folder) -> None:
    bad = "<script>alert(1)</script>\"'"
    found = page(target, {"brief_id": bad, "metadata": {bad: bad}, "error": bad})
    assert found.count("<script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in found


def test_a_sheet_asks_nobody_for_anything(target: Folder) -> None:
    found = page(target, {}, {"file": None})
    assert re.findall(r"(?:src|href)=[\"'](?!data:)", found) == []
    assert "://" not in found
    assert "default-src 'none'" in found


def test_a_draft_that_waits_for_a_person_has_its_command(target: Folder) -> None:
    found = page(target, {}, {"state": "done", "to_pick": []}, {"instruction": 1})
    assert found.count("<code>identity-worker pick b 501</code>") == 1
    assert "<code>identity-worker pick -- -b 501</code>" in page(target, {"brief_id": "-b"})


def test_beyond_what_can_be_mailed_pictures_are_left_out(
    target: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = len(page(target, {}))
    monkeypatch.setattr(contact_sheet, "MOST_BYTES", one + 10)
    found = page(target, *[{}] * 50)
    assert 1 <= found.count("<img") <= 2
    assert found.count("left out") == 50 - found.count("<img")


def test_a_file_that_is_no_picture_leaves_its_place_empty(target: Folder, tmp_path: Path) -> None:
    path = tmp_path / "x" / "b" / "p.png"
    whole = path.read_bytes()
    data = whole.index(b"IDAT")
    # Broken at once, and where its pixels begin, as a file may be whose beginning was looked at.
    for broken in (b"\x89PNG\r\n\x1a\nbroken", whole[: data - 4] + b"\0\0\0\x08" + whole[data:]):
        path.write_bytes(broken)
        assert "no picture" in page(target, {})
