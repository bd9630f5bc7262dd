"""A picture server that accepts and says nothing holds up neither other pictures nor an archiver's end."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from archives import archiver, look_of, on_record, pending, right_to
from marked_pictures import picture
from scripted_server import HANGING, Server, answer, serving
from stepping import Flow
from support import DEADLINE, eventually

from actors.archiver import Archiver
from config import durations, keys


@contextmanager
def silent() -> Iterator[Server]:
    with serving(*[HANGING] * 20) as server:
        yield server


@contextmanager
def running(archiving: Archiver) -> Iterator[None]:
    """Let an archiver run in a thread, and tell it to end."""
    thread = threading.Thread(target=archiving.run)
    thread.start()
    try:
        yield
    finally:
        archiving._ending.tell()
        thread.join()


def drawn(flow: Flow, server: Server) -> str:
    """Return a brief with two drafts, both on a server; the API gives no other link."""
    brief_id = flow.accept(choose="manual")
    drafts = flow.until(brief_id, "choosing").json("drafts")
    moved = [draft | {"url": f"{server.url}/{draft['image_result_id']}.jpg"} for draft in drafts]
    flow.client.hset(keys.RECORD(f"brief:{brief_id}"), "drafts", json.dumps(moved))
    return brief_id


def test_a_silent_host_is_asked_once_more_at_the_end(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once for each of its pictures, nor once for each try; and other pictures come meanwhile."""
    monkeypatch.setattr(durations, "FETCH_WAIT_SECONDS", 1.0)
    monkeypatch.setattr(durations, "SILENT_FIRST_SECONDS", 3.0)
    monkeypatch.setattr(durations, "SILENT_MOST_SECONDS", DEADLINE)
    good = [answer(200, picture("JPEG"))] * 2
    with silent() as server, serving(*good) as other, archiver(heard, tmp_path / "archive") as archiving:
        others, stuck = drawn(heard, other), drawn(heard, server)
        archiving.archive.apis = {}  # without a token nobody asks for new links
        archiving.once()
        assert len(on_record(heard, others)["pictures"]) == 2
        assert on_record(heard, stuck) == {}
        assert archiving.counts.missing == 1
        assert len(server.seen) == 2


def test_a_host_that_was_silent_once_keeps_no_picture_from_the_archive(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "FETCH_WAIT_SECONDS", 1.0)
    monkeypatch.setattr(durations, "SILENT_FIRST_SECONDS", 1.0)
    good = [answer(200, picture("JPEG"))] * 2
    with serving(HANGING, *good) as server, archiver(heard, tmp_path / "archive") as archiving:
        stalled = drawn(heard, server)
        archiving.archive.apis = {}
        archiving.once()
        assert len(on_record(heard, stalled)["pictures"]) == 2
        assert archiving.counts.missing == 0


def test_an_archiver_that_ends_asks_a_silent_host_for_nothing_more(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "FETCH_WAIT_SECONDS", 0.5)
    with silent() as server, archiver(heard, tmp_path / "archive") as archiving:
        heard.client.set(look_of(tmp_path / "archive"), "done", px=60_000)
        stuck = drawn(heard, server)
        results = heard.api.requests("GET /jobs/{job_id}/results")
        with running(archiving):
            assert server.arrived.wait(DEADLINE)
        assert len(server.seen) == 1
        assert heard.api.requests("GET /jobs/{job_id}/results") == results
        assert on_record(heard, stuck) == {}
        assert pending(heard) > 0
        assert heard.client.exists(right_to(tmp_path / "archive", stuck)) == 0


def test_an_archiver_keeps_its_brief_and_its_look_while_it_waits(
    heard: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "LEASE_KEPT_AGAIN_SECONDS", 0.02)
    with silent() as server, archiver(heard, tmp_path / "archive") as archiving:
        stuck = drawn(heard, server)
        with running(archiving):
            assert server.arrived.wait(DEADLINE)
            for key in (right_to(tmp_path / "archive", stuck), look_of(tmp_path / "archive")):
                heard.client.pexpire(key, DEADLINE_MS)
                eventually(heard.client, lambda key=key: heard.client.pttl(key) < DEADLINE_MS / 2)
            server.let_go.set()


#: Longer than any renewal lasts.
DEADLINE_MS = 10 * durations.LEASE_KEPT_MS
