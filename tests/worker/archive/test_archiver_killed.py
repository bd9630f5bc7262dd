"""An archiver that is killed at any of its calls, of Redis, the API or a file, leaves what the next one ends.

The calls of an undisturbed run are written down; then a fork of this process is killed, by SIGKILL, before
each of them, which is after the one before it, and after those that show what was done.
"""

import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import forking
import pytest
from archiver_lives import ROLE, contents, deliver_again, end_rights, live, rounds
from archives import archiver, on_record, told
from forked import QUICK
from stepping import Flow, listening

from config import durations, keys
from tests.chaos.harness.points import CRASH_FILES, CRASH_LOG, CRASH_POINT, Point
from worker.places.names import digest
from worker.places.targets import Folder, open_target


@pytest.mark.story
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


def archive_once(flow: Flow, redis_url: str, place: str, folder: Path, **more: str) -> int:
    """Run the command to its end, as a process of its own; return its exit code."""
    variables = {
        **os.environ,
        "REDIS_URL": redis_url,
        "PIKTID_API_URL": flow.api.url,
        "PIKTID_API_TOKEN": flow.api.token,
        "IDENTITY_WORKER_ARCHIVE": place,
        CRASH_FILES: place,
        **more,
    }
    with ExitStack() as stack:
        streams = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)]
        order = [sys.executable, "-m", QUICK, "archive", "--once"]
        return forking.start(order, variables, folder, (streams[0], streams[1], streams[2])).wait(60)


@pytest.mark.skipif(
    os.environ.get("IDENTITY_WORKER_TEST_KILLS") != "all", reason="half a minute of processor"
)
def test_killed_at_any_call_of_a_bucket_the_next_one_ends_it(
    heard: Flow, redis_url: str, bucket: str, tmp_path: Path
) -> None:
    brief_id = heard.accept(batch="b")
    heard.finish(brief_id)
    log, seen = tmp_path / "calls", Counter[str]()
    # The first one loads the functions, which those after it need not.
    assert archive_once(heard, redis_url, f"{bucket}/first", tmp_path) == 0
    assert archive_once(heard, redis_url, f"{bucket}/whole", tmp_path, **{CRASH_LOG: str(log)}) == 0
    whole = bucket_contents(f"{bucket}/whole")
    assert len(whole) == 3
    points = []
    for call in log.read_text().splitlines():
        seen[call] += 1
        points += [Point(ROLE, call, seen[call], after) for after in (False, True)]
    for number, at in enumerate(points):
        place = f"{bucket}/{number}"
        # What stands in Redis for a place is called by its digest.
        point = at._replace(call=at.call.replace(digest(f"{bucket}/whole"), digest(place)))
        heard.client.hdel(keys.RECORD(f"brief:{brief_id}"), "archived")
        code = archive_once(heard, redis_url, place, tmp_path, **{CRASH_POINT: json.dumps(point)})
        assert code == -signal.SIGKILL, str(point)
        there = sum(path.endswith(".jpg") for path in bucket_contents(place))
        end_rights(heard, place)
        with archiver(heard, place) as running:
            running.once()
            assert running.counts.fetched == len(on_record(heard, brief_id)["pictures"]) - there, str(point)
        assert bucket_contents(place) == whole, str(point)
        for each in on_record(heard, brief_id)["pictures"]:
            content = whole[each["file"]] or b""
            assert (each["sha256"], each["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
        assert len(told(heard, open_target(place))) == 1, str(point)
    print(f"killed at {len(points)} points, all as undisturbed")  # noqa: T201  # `make crash-points` shows it


def bucket_contents(place: str) -> dict[str, bytes | None]:
    target = open_target(place)
    return {each.path: target.read(each.path) for each in target.files("")}
