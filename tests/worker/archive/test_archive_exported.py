"""An export to the place of the archive finds what lies there, and adds the index."""

import json
from pathlib import Path

import pytest
from archives import archiver, contents, on_record
from stepping import Flow

from config import keys
from worker.export.exporting import Order, exporting
from worker.marking.reading import read_marks
from worker.places.names import digest
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


@pytest.mark.parametrize("there", [(), ("spring",), ("SPRING",), ("Spring", "spring")])
def test_batches_that_differ_in_case_alone_are_archived_and_exported_apart(
    heard: Flow, tmp_path: Path, there: tuple[str, ...]
) -> None:
    """The folders of an archive of before are there, or of another who wrote it."""
    target = Folder(tmp_path / "archive")
    for name in there:
        (tmp_path / "archive" / name).mkdir(parents=True)
    briefs = {batch: heard.accept(batch=batch) for batch in ("Spring", "spring")}
    for brief_id in briefs.values():
        heard.finish(brief_id)
    with archiver(heard, target) as running:
        running.once()
    before = contents(target)
    lies = {
        batch: {each["file"].partition("/")[0] for each in on_record(heard, brief_id)["pictures"]}
        for batch, brief_id in briefs.items()
    }
    apart = {batch: f"{batch}~{digest(batch)}" for batch in briefs}
    possible = {
        (): ({"Spring", apart["spring"]}, {apart["Spring"], "spring"}),  # whoever comes first
        ("spring",): ({apart["Spring"], "spring"},),
        ("SPRING",): ({*apart.values()},),
        ("Spring", "spring"): ({"Spring", "spring"},),
    }
    assert set.union(*lies.values()) in possible[there]
    order = Order("drafts", "{brief_id}", lambda content: read_marks(content).as_json())
    for batches in (("Spring", "spring"), ("spring", "Spring")):
        with exporting(heard.client, target, order, heard.api.url, lambda _: {}) as export:
            export.add(snapshots.by_ids(heard.client, [briefs[batch] for batch in batches]))
            export.write_indexes()
            assert export.counts.fetched == 0
        after = contents(target)
        added = sorted(after.keys() - before.keys())
        indexes = [f"{folder}/index.jsonl" for folders in lies.values() for folder in folders]
        assert [path for path in added if path.endswith(".jsonl")] == sorted(indexes)


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
