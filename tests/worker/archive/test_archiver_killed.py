"""An archiver that is killed at any of its calls, of Redis, the API or a file, leaves what the next one ends.

The calls of an undisturbed run are written down; then a fork of this process is killed, by SIGKILL, before
each of them, which is after the one before it, and after those that show what was done.
"""

import shutil
from pathlib import Path

import pytest
from archiver_lives import ROLE, contents, deliver_again, end_rights, live, rounds
from archives import on_record, told
from stepping import Flow, listening

from config import durations, keys
from tests.chaos.harness.points import Point
from worker.places.targets import Folder


def test_killed_anywhere_each_picture_is_there_once_and_whole(
    flow: Flow, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "ARCHIVE_AGAIN_MS", 0)
    with listening(flow.settings, flow.api, redis_url):
        brief_id = flow.accept(batch="b")
        flow.finish(brief_id)
    place, log = tmp_path / "archive", tmp_path / "calls"
    deliver_again(flow, place)
    assert not live(flow, place, log, None)
    whole, record = contents(place), on_record(flow, brief_id)
    assert len(whole) == 3
    calls = log.read_text().splitlines()
    assert {"replace ", "fsync", "mkdir ", "archive brief-1", "XACK identity:events"} - set(calls) == set()
    seen: dict[str, int] = {}
    for call in calls:
        seen[call] = seen.get(call, 0) + 1
        for after in (False, True) if call.startswith(("replace", "archive")) else (False,):
            at = Point(ROLE, call, seen[call], after)
            shutil.rmtree(place)
            flow.client.hdel(keys.RECORD(f"brief:{brief_id}"), "archived")
            deliver_again(flow, place)
            before = len(told(flow, Folder(place)))
            assert live(flow, place, None, at), f"never met: {at}"
            end_rights(flow, place)
            there = sum(path.suffix == ".jpg" and not path.name.startswith(".") for path in place.rglob("*"))
            assert rounds(flow, place) == 2 - there, at
            assert contents(place) == whole, at
            assert on_record(flow, brief_id) == record, at
            assert len(told(flow, Folder(place))) == before + 1, at
