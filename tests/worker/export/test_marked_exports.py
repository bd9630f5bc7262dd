"""An export with marked copies: beside the API's own bytes, named by index and receipt, made once."""

import hashlib
import json
from pathlib import Path

import pytest
from exported import contents, export, finished, rows
from marked_pictures import signer
from stepping import Flow

from worker.marking.copies import copy_path
from worker.marking.receipts import verify
from worker.marking.signing import Marker
from worker.operations.picking import pick
from worker.places.targets import Folder


@pytest.fixture(scope="module")
def marker() -> Marker:
    return Marker(*signer())


def test_a_marked_copy_lies_beside_the_picture_and_is_made_once(
    heard: Flow, tmp_path: Path, marker: Marker
) -> None:
    brief_id = finished(heard, batch="b")
    target = Folder(tmp_path / "out")
    export(heard, target)
    [plain] = rows(target, "b")
    assert export(heard, target, marker=marker).marked == 1
    [row] = rows(target, "b")
    picture = tmp_path / "out" / "b" / row["file"]
    copy = tmp_path / "out" / "b" / row["marked_file"]
    told = json.loads((picture.parent / "metadata.json").read_text())
    assert hashlib.sha256(picture.read_bytes()).hexdigest() == plain["sha256"] == row["sha256"]
    assert row["marked_sha256"] == told["marked"]["sha256"] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert (told["marked"]["file"], told["brief_id"]) == (copy.name, brief_id)
    for file in (picture, copy, picture.parent / "metadata.json"):
        assert [found.faults for found in verify(file)] == [()] * (2 if file.name == "metadata.json" else 1)
    # With the key or without it, a second run leaves all as it is.
    before = contents(target)
    assert export(heard, target, marker=marker).marked == export(heard, target).marked == 1
    assert contents(target) == before


def test_a_copy_that_fits_is_kept_and_a_broken_one_made_anew(
    heard: Flow, tmp_path: Path, marker: Marker
) -> None:
    finished(heard)
    target = Folder(tmp_path / "out")
    export(heard, target, marker=marker)
    before = contents(target)
    [copy] = [path for path in before if ".marked." in path]
    for lost in ("index.jsonl", "metadata.json"):
        for file in (tmp_path / "out").rglob(lost):
            file.unlink()
        export(heard, target, marker=marker)
        assert contents(target) == before
    (tmp_path / "out" / copy).write_bytes(b"\xff\xd8\xff")
    assert export(heard, target, marker=marker).marked == 1
    [row] = rows(target)
    assert row["marked_sha256"] == hashlib.sha256((tmp_path / "out" / copy).read_bytes()).hexdigest()
    assert [found.faults for found in verify(tmp_path / "out" / copy)] == [()]


def test_a_draft_that_became_an_identity_is_verified_by_its_row(
    heard: Flow, tmp_path: Path, marker: Marker
) -> None:
    brief_id = heard.accept(choose="manual")
    drafts = heard.until(brief_id, "choosing").json("drafts")
    target = Folder(tmp_path / "out")
    export(heard, target, wanted="drafts")
    pick(heard.ledger, brief_id, [drafts[-1]["image_result_id"]], leave_rest=False)
    heard.finish(brief_id)
    export(heard, target, wanted="drafts", marker=marker)
    files = [row["file"] for row in rows(target)] + [copy_path(rows(target)[0]["file"])]
    assert len(files) == 3
    for file in files:
        [found] = verify(tmp_path / "out" / "no-batch" / file)
        assert (found.brief_id, found.faults) == (brief_id, ())
