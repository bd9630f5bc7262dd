"""An archiver goes on after what hinders it: a disk that is full, and links that lead inside."""

from pathlib import Path

import pytest
from archives import archiver, contents, on_record
from full_disk import files_of
from stepping import Flow
from structlog.testing import capture_logs
from support import eventually

from worker.export import fetching
from worker.places.targets import Folder

RESULTS = "GET /jobs/{job_id}/results"


def test_a_full_disk_is_told_and_new_room_is_used(heard: Flow, tmp_path: Path) -> None:
    target = Folder(tmp_path / "archive")
    brief_id = heard.accept()
    heard.finish(brief_id)
    with archiver(heard, target) as running:
        with capture_logs() as logged, files_of(20_000):
            running.round(1)
            running.round(1)
        assert (contents(target), on_record(heard, brief_id)) == ({}, {})
        (told,) = (each for each in logged if each["event"] == "archive.refused")
        assert "File too large; make room, or name another place" in told["error"]
        assert "\n" not in told["error"]
        eventually(heard.client, lambda: running.round(1) or on_record(heard, brief_id))
    assert len(contents(target)) == 3


def test_an_api_with_a_private_address_is_asked_for_links(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brief_id = heard.accept()
    heard.finish(brief_id)
    before = heard.api.requests(RESULTS)
    with monkeypatch.context() as real:
        real.setattr(fetching, "is_loopback", lambda _: False)
        real.setattr(fetching, "_TRIES", 1)
        with archiver(heard, Folder(tmp_path / "archive")) as running:
            running.once()
            assert running.counts.missing == 1
    assert heard.api.requests(RESULTS) > before
    assert on_record(heard, brief_id) == {}
