"""An export that is killed at any of its calls leaves nothing that its next run does not put right."""

import hashlib
import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import forking
import pytest
from exported import contents, export, finished, rows
from forked import QUICK
from marked_pictures import signer
from stepping import Flow

from tests.chaos.harness.points import CRASH_FILES, CRASH_LOG, CRASH_POINT, Point
from worker.marking.signing import Marker
from worker.places.target import Target
from worker.places.targets import open_target

#: The calls at which it is killed: those that read or change the target, and those that fetch a picture.
CALLS = ("file ", "bucket ", "GET ")
#: What is signed, and so never twice the same.
SIGNED = ("marked_sha256", "metadata_sha256")


class Exports(NamedTuple):
    """Exports as processes of their own, of what is on record in one flow."""

    redis_url: str
    flow: Flow
    folder: Path
    key: tuple[bytes, bytes]

    def run(self, to: str, **more: str) -> int:
        """Export to a place; return the exit code."""
        variables = {
            **os.environ,
            "REDIS_URL": self.redis_url,
            "PIKTID_API_URL": self.flow.api.url,
            "PIKTID_API_TOKEN": self.flow.api.token,
            CRASH_FILES: to,
            **more,
        }
        for name, content in zip(("CERTIFICATE", "KEY"), self.key, strict=True):
            variables[f"IDENTITY_WORKER_MARK_{name}"] = str(self.folder / name)
            (self.folder / name).write_bytes(content)
        with ExitStack() as stack:
            given, printed, told = (stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3))
            order = [sys.executable, "-m", QUICK, "export", "--mark", "--to", to]
            return forking.start(order, variables, self.folder, (given, printed, told)).wait(60)

    def points(self, to: str) -> Iterator[Point]:
        """Yield all points of an export that nobody kills; at a file, after one call is before the next."""
        log, seen = self.folder / "log", Counter[str]()
        assert self.run(to, **{CRASH_LOG: str(log)}) == 0
        for call in log.read_text().splitlines():
            seen[call] += 1
            if call.startswith(CALLS):
                sides = (False,) if call.startswith("file ") else (False, True)
                yield from (Point("export", call, seen[call], after) for after in sides)


def told(target: Target) -> dict[str, Any]:
    """What lies at a target: of what is signed only that it is there, and that its digest is right."""
    files, found = contents(target), rows(target)
    for row in found:
        for file, digest in (("file", "sha256"), ("marked_file", "marked_sha256")):
            content = files[f"no-batch/{row[file]}"]
            assert content is not None
            assert hashlib.sha256(content).hexdigest() == row[digest]
    plain = {path: None if ".marked." in path or "index." in path else text for path, text in files.items()}
    for path, text in files.items():
        if path.endswith("metadata.json"):
            plain[path] = json.loads(text or b"") | {"marked": None}
    return plain | {"rows": [row | dict.fromkeys(SIGNED) for row in found]}


#: What is put in its place: before it lies a file that is whole, and that nobody sees.
RENAMED = "file os.rename"
#: Whether to kill it at all calls, of both kinds of targets: some twelve seconds of processor.
ALL = os.environ.get("IDENTITY_WORKER_TEST_KILLS") == "all"


@pytest.mark.story
@pytest.mark.parametrize("kind", ["folder", "bucket"] if ALL else ["folder"])
def test_after_a_kill_at_any_call_the_next_run_completes_all(
    heard: Flow, redis_url: str, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    finished(heard)
    (tmp_path / "out").mkdir()
    place = str(tmp_path / "out") if kind == "folder" else request.getfixturevalue("bucket")
    key = signer()
    exports = Exports(redis_url, heard, tmp_path, key)
    points = [point for point in exports.points(f"{place}/whole") if ALL or point.call.startswith(RENAMED)]
    whole, wrong = told(open_target(f"{place}/whole")), []
    for number, point in enumerate(points):
        to = f"{place}/{number}"
        assert exports.run(to, **{CRASH_POINT: json.dumps(point)}) == -signal.SIGKILL, str(point)
        export(heard, target := open_target(to), marker=Marker(*key))
        half_written = list((tmp_path / "out").rglob(".writing-*"))
        if half_written or told(target) != whole:
            wrong.append(str(point))
    assert len(points) >= len(whole) - 1
    assert wrong == []
