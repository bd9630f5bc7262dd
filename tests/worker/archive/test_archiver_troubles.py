"""An archiver goes on after what hinders it: a disk that is full, links that expire under its hands."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from archives import archiver, contents, on_record
from full_disk import files_of
from stepping import Flow
from structlog.testing import capture_logs
from support import eventually

from worker.places.targets import Folder

RESULTS = "GET /jobs/{job_id}/results"


def test_a_full_disk_is_told_in_a_line_and_left_room_is_used(heard: Flow, tmp_path: Path) -> None:
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


def test_links_that_expire_between_two_pictures_are_renewed(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard.api.set(picture_url_seconds=200)  # a second
    brief_id = heard.accept(choose="manual")
    urls = [draft["url"] for draft in heard.until(brief_id, "choosing").json("drafts")]
    asked = heard.api.requests(RESULTS)

    def look(_: bytes) -> Mapping[str, object]:
        """Hold the archiver after a picture until all links have expired."""
        eventually(heard.client, lambda: all(httpx.get(url).status_code == 403 for url in urls))
        heard.api.set(picture_url_seconds=None)
        return {}

    monkeypatch.setattr("actors.archiver._marks", look)
    with archiver(heard, tmp_path / "archive") as running:
        running.once()
        assert (running.counts.fetched, running.counts.missing) == (len(urls), 0)
    assert heard.api.requests(RESULTS) > asked
    assert len(on_record(heard, brief_id)["pictures"]) == len(urls) == 2
