"""Archivers share the work: each picture is fetched by one of them, and told of once."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from archives import archiver, contents, look_of, on_record, pending, right_to, told
from stepping import Flow

from config import durations
from worker.archive import records
from worker.ledger import commands
from worker.ledger.transition import Answer
from worker.places.targets import Folder


class Meeting(Folder):
    """A folder at which, when something is first written, something happens in between."""

    between: Callable[[], None] | None = None

    def write(self, path: str, content: bytes | BinaryIO) -> None:
        """Write a file, after what happens in between."""
        between, self.between = self.between, None
        if between is not None:
            between()
        super().write(path, content)


def test_of_two_that_archive_the_same_brief_one_fetches_its_pictures(heard: Flow, tmp_path: Path) -> None:
    brief_id = heard.accept()
    heard.finish(brief_id)
    target = Meeting(tmp_path / "archive")
    with archiver(heard, target) as one, archiver(heard, target) as other:
        target.between = other.once
        one.once()
    assert (one.counts.fetched, one.counts.missing) == (2, 0)
    assert (other.counts.fetched, other.counts.missing) == (0, 1)
    assert heard.client.exists(right_to(target.name, brief_id)) == 0
    assert len(told(heard, target)) == 1


def test_of_two_at_one_brief_as_the_first_was_frozen_one_tells(heard: Flow, tmp_path: Path) -> None:
    brief_id = heard.accept()
    heard.finish(brief_id)
    target = Meeting(tmp_path / "archive")
    with archiver(heard, target) as one, archiver(heard, target) as other:

        def thaw() -> None:
            heard.client.delete(right_to(target.name, brief_id))
            other.once()

        target.between = thaw
        one.once()
    assert other.counts.briefs == one.counts.briefs == 1
    assert len(told(heard, target)) == 1
    assert len(contents(target)) == 3


def test_what_another_has_put_on_record_is_not_undone(heard: Flow, tmp_path: Path) -> None:
    brief_id = heard.accept()
    heard.finish(brief_id)
    with archiver(heard, tmp_path / "archive") as running:
        running.once()
    record = on_record(heard, brief_id)
    late = commands.archive(brief_id, {"archived": ""}, "{}", records.event_of(record))
    assert heard.functions.run(late) is Answer.CONFLICT
    assert on_record(heard, brief_id) == record
    assert len(told(heard, Folder(tmp_path / "archive"))) == 1


def test_two_archivers_share_the_events(heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # One may be told of a brief that the other is at.
    monkeypatch.setattr(durations, "ARCHIVE_AGAIN_MS", 0)
    target = Folder(tmp_path / "archive")
    heard.client.set(look_of(target.name), "done", px=60_000)
    with archiver(heard, target) as one, archiver(heard, target) as other:
        ids = [heard.accept() for _ in range(3)]
        for brief_id in ids:
            heard.finish(brief_id)

        def work(running: object) -> None:
            while one.counts.briefs + other.counts.briefs < len(ids) or pending(heard):
                running.round(1)  # type: ignore[attr-defined]

        threads = [threading.Thread(target=work, args=(each,)) for each in (one, other)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    kept = [on_record(heard, brief_id) for brief_id in ids]
    files = [each["file"] for record in kept for each in record["pictures"]]
    assert len(set(files)) == len(files) == 6
    assert len(contents(target)) == 9
    texts = [json.dumps(each) for each in told(heard, target)]
    assert len(set(texts)) == len(texts)
