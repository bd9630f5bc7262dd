"""An export to the place of the archive finds what lies there, and adds the index."""

import json
from pathlib import Path

from archives import archiver, contents, on_record
from stepping import Flow

from config import keys
from worker.export.exporting import Order, exporting
from worker.marking.reading import read_marks
from worker.places.targets import Folder
from worker.views import snapshots


def test_an_export_to_the_archive_only_adds_an_index(heard: Flow, tmp_path: Path) -> None:
    target = Folder(tmp_path / "archive")
    brief_id = heard.accept()
    heard.finish(brief_id)
    with archiver(heard, target) as running:
        running.once()
    before = contents(target)
    order = Order("drafts", "{brief_id}", lambda content: read_marks(content).as_json())
    with exporting(heard.client, target, order, heard.api.url, lambda _: {}) as export:
        export.add(snapshots.by_ids(heard.client, [brief_id]))
        export.write_indexes()
        assert export.counts.fetched == 0
    after = contents(target)
    assert {path: after[path] for path in before} == before
    rows = [json.loads(line) for line in (after["no-batch/index.jsonl"] or b"").splitlines()]
    assert sorted(row["file"] for row in rows) == sorted(
        each["file"].removeprefix("no-batch/") for each in on_record(heard, brief_id)["pictures"]
    )


def test_an_export_finds_what_was_archived_in_another_batch(heard: Flow, tmp_path: Path) -> None:
    target = Folder(tmp_path / "archive")
    brief_id = heard.accept(batch="old")
    heard.finish(brief_id)
    with archiver(heard, target) as running:
        running.once()
    heard.client.hset(keys.RECORD(f"brief:{brief_id}"), "batch", "new")
    order = Order("drafts", "{brief_id}", lambda content: read_marks(content).as_json())
    for _ in range(2):
        with exporting(heard.client, target, order, heard.api.url, lambda _: {}) as export:
            export.add(snapshots.by_ids(heard.client, [brief_id]))
            export.write_indexes()
        assert (export.counts.fetched, export.counts.pictures) == (0, 2)
