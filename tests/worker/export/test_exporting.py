"""An export leaves whole pictures with an index beside them, and a second one finds nothing to do."""

import hashlib
import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from exported import contents, export, finished, opened, rows
from pyarrow import parquet
from stepping import Flow

from worker.export import fetching
from worker.export.exporting import Counts
from worker.piktid.pictures import recognize
from worker.places.targets import Folder, open_target
from worker.selection.filter import filter_of
from worker.views import snapshots

RESULTS = "GET /jobs/{job_id}/results"


def requests(flow: Flow) -> int:
    """All requests of the account so far."""
    return sum(sum(answers.values()) for answers in flow.api.ledger()["requests"].values())


def test_each_identity_lies_in_its_folder_with_what_it_was_made_from(heard: Flow, tmp_path: Path) -> None:
    brief_id = finished(heard, batch="Spring 2026", metadata={"sku": "0047"})
    counts = export(heard, tmp_path / "out")
    picture = tmp_path / "out" / "Spring 2026" / brief_id / f"{brief_id}.jpg"
    content = picture.read_bytes()
    told = json.loads((picture.parent / "metadata.json").read_text())
    [row] = rows(Folder(tmp_path / "out"), "Spring 2026")
    found = recognize(content)
    assert found is not None
    assert found.suffix == ".jpg"
    assert (told["sha256"], told["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert told["picture"] == picture.name
    assert None not in told["times"].values()
    assert list(told["times"].values()) == sorted(told["times"].values())
    assert (row["file"], row["sha256"]) == (f"{brief_id}/{brief_id}.jpg", told["sha256"])
    assert (row["identity_code"], row["metadata"]) == (told["identity_code"], {"sku": "0047"})
    assert row["credits"] == told["credits"]["drafts"] + told["credits"]["promotion"]
    assert counts == Counts(briefs=1, pictures=1, fetched=1, bytes=len(content))


def test_a_second_run_asks_and_changes_nothing(heard: Flow, tmp_path: Path) -> None:
    finished(heard, metadata={"sku": "1"})
    target = Folder(tmp_path / "out")
    export(heard, target)
    before, asked = contents(target), requests(heard)
    changed = {path: (tmp_path / "out" / path).stat().st_mtime_ns for path in before}
    heard.api.fault("status", path="/cdn/drafts/*", status=500, body="no", count=None)
    assert export(heard, target).fetched == 0
    assert contents(target) == before
    assert {path: (tmp_path / "out" / path).stat().st_mtime_ns for path in before} == changed
    assert requests(heard) == asked


def test_names_and_numbers_are_the_same_in_parts_and_in_any_order(heard: Flow, tmp_path: Path) -> None:
    for sku in ("a/b", "A:b", "con"):
        finished(heard, metadata={"sku": sku})
    pattern = "{metadata.sku}"
    target, parts = Folder(tmp_path / "out"), Folder(tmp_path / "parts")
    export(heard, target, names=pattern)
    for sku in ("con", "A:b", "a/b"):
        export(heard, parts, names=pattern, of=filter_of([("meta.sku", sku)]))
    backwards = Folder(tmp_path / "backwards")
    export(heard, backwards, names=pattern, reverse=True)
    assert [row["file"] for row in rows(target)] == ["a-b/a-b.jpg", "A-b~b2/A-b~b2.jpg", "_con/_con.jpg"]
    assert contents(parts) == contents(backwards) == contents(target)


def test_a_field_with_a_dot_in_its_name_names_pictures(heard: Flow, tmp_path: Path) -> None:
    finished(heard, metadata={"Order.No": 7, "a": {"b": "c"}})
    target = Folder(tmp_path / "out")
    export(heard, target, names="{metadata.Order.No}-{metadata.a.b}")
    assert [row["file"] for row in rows(target)] == ["7-c/7-c.jpg"]


def test_briefs_that_come_while_it_follows_are_numbered_by_arrival(heard: Flow, tmp_path: Path) -> None:
    pattern, same = "{metadata.sku}", {"metadata": {"sku": "x"}}
    first = finished(heard, **same)
    target, later = Folder(tmp_path / "out"), Folder(tmp_path / "later")
    with opened(heard, target, names=pattern) as running:
        running.add(snapshots.by_ids(heard.client, [first]))
        others = [finished(heard, **same), finished(heard, **same)]
        for brief_id in others[::-1]:
            running.add(snapshots.by_ids(heard.client, [brief_id]))
        running.write_indexes()
    export(heard, later, names=pattern)
    assert [row["file"] for row in rows(later)] == ["x/x.jpg", "x~b2/x~b2.jpg", "x~b3/x~b3.jpg"]
    assert contents(target) == contents(later)


def test_a_table_has_numbers_and_times_and_leaves_metadata_as_texts(heard: Flow, tmp_path: Path) -> None:
    finished(heard, metadata={"sku": "0047", "size": 5})
    target = Folder(tmp_path / "out")
    export(heard, target)
    [row] = parquet.read_table(BytesIO(target.read("no-batch/index.parquet") or b"")).to_pylist()
    assert (row["metadata.sku"], row["metadata.size"]) == ("0047", "5")
    assert (type(row["size"]), type(row["credits"])) == (int, float)
    assert row["finished_at"] >= row["ready_at"] > row["accepted_at"]
    assert row["accepted_at"].utcoffset() == timedelta(0)
    # By its mark Excel knows that it is UTF-8.
    assert (target.read("no-batch/index.csv") or b"").startswith(b"\xef\xbb\xbfbrief_id,metadata.sku")


def test_an_expired_link_is_renewed_by_one_request_a_job(heard: Flow, tmp_path: Path) -> None:
    heard.api.set(picture_url_seconds=0)
    finished(heard, choose="all")
    heard.api.set(picture_url_seconds=None)
    before = heard.api.requests(RESULTS)
    assert export(heard, tmp_path / "out", wanted="drafts").fetched == 2
    assert heard.api.requests(RESULTS) == before + 1


def test_an_api_with_a_private_address_is_asked_for_links(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(heard)
    monkeypatch.setattr(fetching, "is_loopback", lambda _: False)
    monkeypatch.setattr(fetching, "_TRIES", 1)
    before = heard.api.requests(RESULTS)
    assert export(heard, tmp_path / "out").unavailable == 1
    assert heard.api.requests(RESULTS) == before + 1
    [row] = rows(Folder(tmp_path / "out"))
    assert "127.0.0.1 is, or may be, inside a private network" in row["error"]


def test_a_bucket_holds_what_a_folder_would_and_is_not_filled_twice(
    heard: Flow, tmp_path: Path, bucket: str
) -> None:
    finished(heard, batch="b", metadata={"sku": "ä"})
    folder = Folder(tmp_path / "out")
    export(heard, folder)
    in_bucket = open_target(f"{bucket}/spring")
    assert export(heard, in_bucket).fetched == 1
    assert export(heard, in_bucket).fetched == 0
    assert contents(in_bucket) == contents(folder)


def test_a_picture_that_is_gone_is_a_row_that_says_so(heard: Flow, tmp_path: Path) -> None:
    heard.api.set(picture_url_seconds=0)
    finished(heard)
    heard.api.fault("status", path="/jobs/*/results", status=404, body={"error": "gone"}, count=None)
    counts = export(heard, tmp_path / "out")
    [row] = rows(Folder(tmp_path / "out"))
    assert (counts.gone, counts.pictures, row["file"], row["state"]) == (1, 0, None, "done")
    assert row["error"].startswith("no picture: ")
    assert "404" in row["error"]


def test_drafts_are_called_by_the_ids_that_a_pick_takes(heard: Flow, tmp_path: Path) -> None:
    brief_id = heard.accept(choose="manual")
    drafts = [draft["image_result_id"] for draft in heard.until(brief_id, "choosing").json("drafts")]
    target = Folder(tmp_path / "out")
    export(heard, target, wanted="drafts")
    files = [f"{brief_id}/draft-{draft}.jpg" for draft in drafts]
    assert [(row["picture"], row["file"]) for row in rows(target)] == [("draft", file) for file in files]
    # What a killed run has left without an index is known by its name.
    (tmp_path / "out" / "no-batch" / "index.jsonl").unlink()
    assert export(heard, target, wanted="drafts").fetched == 0


def test_a_brief_without_a_picture_has_a_row_with_its_error(heard: Flow, tmp_path: Path) -> None:
    heard.api.refuse("/identity/create", 422, {"error": "Blocked term: famous"})
    finished(heard, metadata={"sku": 7})
    export(heard, tmp_path / "out")
    [row] = rows(Folder(tmp_path / "out"))
    assert (row["state"], row["file"], row["metadata"]) == ("failed", None, {"sku": 7})
    assert "famous" in row["error"]


@pytest.mark.parametrize("broken", ["shorter", "lost"])
def test_what_is_broken_or_lost_is_fetched_anew(heard: Flow, tmp_path: Path, broken: str) -> None:
    finished(heard)
    target = Folder(tmp_path / "out")
    export(heard, target)
    whole = contents(target)
    picture = next((tmp_path / "out").rglob("*.jpg"))
    picture.unlink() if broken == "lost" else picture.write_bytes(b"\xff\xd8\xff")
    assert export(heard, target).fetched == 1
    assert contents(target) == whole
