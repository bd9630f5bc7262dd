"""An archiver leaves every picture once, whole, and on record; and no brief waits for it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from archives import archiver, caught_up, contents, look_of, on_record, pending, told
from stepping import Flow

from config import durations, keys
from worker.archive import health, looking
from worker.operations.doctor import Health
from worker.operations.picking import pick
from worker.places.target import TargetError
from worker.places.targets import Folder, open_target

RESULTS = "GET /jobs/{job_id}/results"


def drafts_of(flow: Flow, brief_id: str) -> list[int]:
    return [draft["image_result_id"] for draft in flow.until(brief_id, "choosing").json("drafts")]


def test_drafts_come_first_then_what_an_identity_was_made_from(heard: Flow, tmp_path: Path) -> None:
    target = Folder(tmp_path / "archive")
    with archiver(heard, target) as running:
        brief_id = heard.accept(batch="Spring", choose="manual", metadata={"sku": "0047"})
        drafts = drafts_of(heard, brief_id)
        running.round(None)
        files = [f"Spring/{brief_id}/draft-{draft}.jpg" for draft in drafts]
        assert sorted(contents(target)) == sorted(files)
        pick(heard.ledger, brief_id, [drafts[-1]], leave_rest=False)
        heard.finish(brief_id)
        running.round(None)
        assert running.counts.fetched == len(drafts)
    metadata = f"Spring/{brief_id}/metadata.json"
    lies = contents(target)
    assert sorted(lies) == sorted([*files, metadata])
    said = json.loads(lies[metadata] or b"")
    assert (said["picture"], said["identity_code"]) == (
        f"draft-{drafts[-1]}.jpg",
        heard.promotion(brief_id).get("identity_code"),
    )
    first, second = told(heard, target)
    assert [each.get("identity_code") for each in first["pictures"]] == [None] * len(drafts)
    assert [each.get("metadata") for each in second["pictures"]] == [None, metadata]
    assert second["metadata"] == {"sku": "0047"}
    for each in on_record(heard, brief_id)["pictures"]:
        content = lies[each["file"]] or b""
        assert (each["sha256"], each["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert pending(heard) == 0


def test_each_identity_of_a_brief_has_a_folder_for_its_metadata(heard: Flow, tmp_path: Path) -> None:
    target = Folder(tmp_path / "archive")
    brief_id = heard.accept(brief_id="SKU-1", choose="all")
    heard.finish(brief_id)
    with archiver(heard, target) as running:
        running.once()
    folder = f"SKU-1~{hashlib.sha256(b'SKU-1').hexdigest()[:8]}"
    found = sorted(path for path in contents(target) if path.endswith("metadata.json"))
    assert found == [f"no-batch/{folder}/metadata.json", f"no-batch/{folder}~2/metadata.json"]
    for path in found:
        said = json.loads((target.read(path) or b"").decode())
        picture = (tmp_path / "archive" / path).parent / said["picture"]
        assert said["sha256"] == hashlib.sha256(picture.read_bytes()).hexdigest()


@pytest.mark.parametrize("refused", [0, 1])
def test_one_brief_that_the_place_refuses_keeps_no_other_from_it(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    monkeypatch.setattr(looking, "AT_ONCE", 1)
    ids = [heard.accept(brief_id=name) for name in ("a", "b")]
    for brief_id in ids:
        heard.finish(brief_id)
    (tmp_path / "archive" / "no-batch").mkdir(parents=True)
    (tmp_path / "archive" / "no-batch" / ids[refused]).write_text("in the way")
    with archiver(heard, tmp_path / "archive") as running, pytest.raises(TargetError):
        running.once()
    assert [len(on_record(heard, each).get("pictures", [])) for each in ids] == [2 * refused, 2 - 2 * refused]


def test_a_look_finds_what_nobody_told_of_and_a_second_nothing(heard: Flow, tmp_path: Path) -> None:
    heard.api.set(picture_url_seconds=0)
    brief_id = heard.accept()
    heard.finish(brief_id)
    heard.client.xtrim(keys.EVENTS(), maxlen=0, approximate=False)
    target = Folder(tmp_path / "archive")
    heard.api.set(picture_url_seconds=None)
    before = heard.api.requests(RESULTS)
    with archiver(heard, target) as running:
        # A round looks at a few briefs.
        for _ in range(4):
            running.round(1)
        assert running.counts.fetched == 2
    # The links on record had expired: the job's results have given new ones, once.
    assert heard.api.requests(RESULTS) == before + 1
    assert heard.client.get(look_of(target.name)) == "done"
    with archiver(heard, target) as running:
        running.once()
        assert running.counts.fetched == 0
    assert heard.api.requests(RESULTS) == before + 1
    assert len(told(heard, target)) == 1


def test_a_picture_that_is_gone_is_asked_for_once(heard: Flow, tmp_path: Path) -> None:
    heard.api.set(picture_url_seconds=0)
    brief_id = heard.accept()
    heard.finish(brief_id)
    heard.api.fault("status", path="/jobs/*/results", status=404, body={"error": "gone"}, count=None)
    target = Folder(tmp_path / "archive")
    before = heard.api.requests(RESULTS)
    with archiver(heard, target) as running:
        running.once()
        running.once()
        assert running.counts.gone == 2
    assert ["404" in each["why"] for each in on_record(heard, brief_id)["gone"]] == [True, True]
    assert heard.api.requests(RESULTS) == before + 2  # one for each, as neither link is known
    assert [len(each["gone"]) for each in told(heard, target)] == [2]


def test_a_picture_that_web_pages_answer_for_is_stored_later(heard: Flow, tmp_path: Path) -> None:
    heard.api.set(picture_url_seconds=0)
    brief_id = heard.accept()
    heard.finish(brief_id)
    heard.api.answer_by_pages()
    with archiver(heard, Folder(tmp_path / "archive")) as running:
        running.once()
        assert (running.counts.gone, on_record(heard, brief_id)) == (0, {})
        heard.api.set(picture_url_seconds=None)
        heard.api.sandbox.clear_faults()
        running.once()
    assert len(on_record(heard, brief_id)["pictures"]) == 2


def test_what_a_place_refuses_stays_in_hand_until_it_is_taken(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "ARCHIVE_AGAIN_MS", 0)
    target = Folder(tmp_path / "archive")
    target_is_a_file = tmp_path / "archive"
    target_is_a_file.write_text("in the way")
    with archiver(heard, target) as running:
        brief_id = heard.accept()
        heard.finish(brief_id)
        heard.client.set(look_of(target.name), "done", px=60_000)
        running.round(None)
        running.round(None)
        assert pending(heard) > 0
        assert on_record(heard, brief_id) == {}
        health_of = {each.name: each for each in _checks(heard, target)}
        assert health_of["archive"].health is Health.FAIL
        target_is_a_file.unlink()
        while pending(heard) or not caught_up(heard):
            running.round(None)
    assert len(on_record(heard, brief_id)["pictures"]) == 2
    health_of = {each.name: each for each in _checks(heard, target)}
    assert {each.health for each in health_of.values()} == {Health.OK}
    assert "1 alive, 0 events to go" in health_of["archivers"].said


def _checks(flow: Flow, target: Folder) -> list[health.Check]:
    return list(health.checks(flow.client, replace(flow.settings, archive=target.name)))


def test_a_bucket_holds_what_a_folder_does_or_says_why_not(heard: Flow, tmp_path: Path, bucket: str) -> None:
    brief_id = heard.accept(brief_id="ä".encode().hex(), batch="b")
    heard.finish(brief_id)
    folder = Folder(tmp_path / "archive")
    for place in (folder.name, f"{bucket}/pictures", f"{bucket}/pictures"):
        with archiver(heard, place) as running:
            running.once()
    in_bucket = open_target(f"{bucket}/pictures")
    assert {each.path: in_bucket.read(each.path) for each in in_bucket.files("")} == contents(folder)
    assert running.counts.fetched == 0
    assert len(told(heard, in_bucket)) == 1
    [refused, _] = health.checks(heard.client, replace(heard.settings, archive="s3://none-of-this-name"))
    assert (refused.health, "no such bucket" in refused.said) == (Health.FAIL, True)
