"""The demo as a person runs it: real processes, a few briefs, a fast sandbox.

The modes of the suite leave it out: the demo starts its own sandbox and sets what its parts are to do.
"""

import fcntl
import json
import os
import select
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pytest
from commandline import SCRIPT, environment
from PIL import Image

SPEED = "60"
#: Seconds that anything may take before a test gives up.
DEADLINE = 60.0
#: In the environment of the demo and of all that it starts, so that what is left behind can be found.
MARK = "DEMO_OF_TEST"
BRIEFS: dict[str, dict[str, Any]] = {
    "1-two-faces": {
        "name": "Denim duo",
        "instructions": [
            {"appearance": {"gender": "male"}, "num_variations": 2, "options": {"size": "1K", "ar": "1:1"}},
            {"appearance": {"gender": "female"}, "num_variations": 1, "options": {"size": "1K", "ar": "1:1"}},
        ],
    },
    "2-png": {
        "metadata": {"client": "eyewear"},
        "instructions": [
            {"prompt": "A man.", "num_variations": 1, "options": {"size": "1K", "ar": "2:3", "format": "png"}}
        ],
    },
    "3-plain": {
        "instructions": [
            {"hair": {"color": "black"}, "num_variations": 1, "options": {"size": "1K", "ar": "16:9"}}
        ]
    },
}


class Demo:
    """The demo in a folder of its own."""

    def __init__(self, folder: Path, **briefs: dict[str, Any]) -> None:
        self.folder = folder
        self._mark = uuid.uuid4().hex
        (folder / "briefs").mkdir()
        for name, brief in briefs.items():
            (folder / "briefs" / f"{name}.json").write_text(json.dumps(brief), encoding="utf-8")

    @contextmanager
    def running(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """Run it with its output on a pipe; it must have ended by itself when the block does."""
        process = subprocess.Popen(
            [SCRIPT, "demo", "--briefs", "briefs", "--speed", SPEED, *arguments],
            cwd=self.folder,
            env=environment(**{MARK: self._mark}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
                process.wait(DEADLINE)
            finally:
                for pid in self.left():
                    os.kill(pid, signal.SIGKILL)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        with self.running(*arguments) as process:
            out, err = process.communicate(timeout=DEADLINE)
            assert self.left() == {}
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def left(self) -> dict[int, str]:
        """Return the running processes that bear the mark: pid and command line."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self._mark}".encode() in (path / "environ").read_bytes():
                    found[int(path.name)] = (path / "cmdline").read_text().replace("\0", " ")
            except OSError:  # it has ended, or is another user's
                continue
        return found

    def sandbox_account(self) -> dict[str, Any]:
        """Return the account in the state that the sandbox has written."""
        state = json.loads((self.folder / ".data/demo/sandbox.json").read_text())
        (account,) = state["accounts"]
        return cast(dict[str, Any], account)

    def summary(self) -> dict[str, Any]:
        """Return the summary of the last run."""
        return cast(dict[str, Any], json.loads((self.folder / "output/summary.json").read_text()))


def read_until(stream: IO[str] | None, word: str) -> str:
    """Return what a process prints up to the first line with a word."""
    lines = []
    for line in cast(IO[str], stream):
        lines.append(line)
        if word in line:
            return "".join(lines)
    raise AssertionError(f"it ended without {word!r}: {''.join(lines)}")


def wait_for_end(pids: list[int]) -> None:
    """Wait until these processes, which are not ours to wait for, have ended."""
    end = time.monotonic() + DEADLINE
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        with os.fdopen(handle) as file:
            assert select.select([file], [], [], max(0.0, end - time.monotonic()))[0], f"{pid} still runs"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Demo, "subprocess.CompletedProcess[str]"]:
    demo = Demo(tmp_path_factory.mktemp("demo"), **BRIEFS)
    return demo, demo.run()


Finished = tuple[Demo, "subprocess.CompletedProcess[str]"]


def test_it_ends_with_0_and_a_summary_of_every_brief(finished: Finished) -> None:
    demo, answer = finished
    assert answer.returncode == 0, answer.stderr
    summary = demo.summary()
    assert summary["ok"] is True
    assert [(brief["brief_id"], brief["state"]) for brief in summary["briefs"]] == [
        (name, "done") for name in BRIEFS
    ]
    assert [len(brief["identities"]) for brief in summary["briefs"]] == [2, 1, 1]
    totals = summary["totals"]
    assert (totals["briefs"], totals["identities"], totals["drafts"]) == (3, 4, 5)
    # 3 credits for a draft at 1K, 50 for a promotion.
    assert totals["credits"] == 5 * 3 + 4 * 50
    assert totals["answers_429"] == 0
    assert 1 <= totals["most_jobs_in_flight"] <= 5
    assert totals["events"] == {
        "identity.brief.accepted": 3,
        "identity.drafts.ready": 3,
        "identity.promoted": 4,
        "identity.preprocessing.completed": 4,
        "identity.brief.done": 3,
    }


def test_without_a_terminal_it_prints_plain_lines(finished: Finished) -> None:
    _, answer = finished
    assert "\x1b" not in answer.stdout + answer.stderr
    for name in BRIEFS:
        assert f"{name}  done" in answer.stdout
    for brief in finished[0].summary()["briefs"]:
        for identity in brief["identities"]:
            assert identity["identity_code"] in answer.stdout
    assert "output/summary.json" in answer.stdout


def test_the_identities_have_the_names_that_the_api_gave_them(finished: Finished) -> None:
    duo, *_ = finished[0].summary()["briefs"]
    assert {identity["name"] for identity in duo["identities"]} == {"Denim duo", "Denim duo 2"}


def test_each_identity_has_its_provenance_on_disk(finished: Finished) -> None:
    demo, _ = finished
    _, png, _ = demo.summary()["briefs"]
    code = png["identities"][0]["identity_code"]
    metadata = json.loads((demo.folder / "output" / code / "metadata.json").read_text())
    assert (metadata["identity_code"], metadata["brief_id"]) == (code, "2-png")
    assert metadata["brief"]["instructions"][0]["prompt"] == "A man."
    assert metadata["metadata"] == {"client": "eyewear"}
    assert metadata["jobs"]["creation"] == png["job_id"]
    jobs = demo.sandbox_account()["jobs"]
    assert jobs[metadata["jobs"]["preprocessing"]]["identity_code"] == code
    (draft,) = metadata["drafts"]
    assert metadata["choice"]["image_result_id"] == draft["image_result_id"]
    assert metadata["choice"]["rule"] == "first"
    assert metadata["credits"] == {"drafts": 3, "promotion": 50}
    times = [metadata["times"][step] for step in ("accepted", "submitted", "generated", "promoted", "ready")]
    assert None not in times
    assert times == sorted(times)
    assert [(call["call"], call["what"]) for call in metadata["paid_calls"]] == [
        ("create", "intended"),
        ("create", "accepted"),
        ("create", "charged"),
        ("promote", "intended"),
        ("promote", "accepted"),
    ]


@pytest.mark.parametrize(
    ("place", "suffix", "format_", "ratio"),
    [(0, "jpg", "JPEG", 1.0), (1, "png", "PNG", 2 / 3), (2, "jpg", "JPEG", 16 / 9)],
)
def test_each_picture_is_whole_in_the_format_and_ratio_asked(
    finished: Finished, place: int, suffix: str, format_: str, ratio: float
) -> None:
    demo, _ = finished
    for identity in demo.summary()["briefs"][place]["identities"]:
        with Image.open(demo.folder / "output" / identity["identity_code"] / f"picture.{suffix}") as picture:
            picture.load()
            assert picture.format == format_
            assert picture.width / picture.height == pytest.approx(ratio, rel=0.02)


def test_ctrl_c_stops_it_and_the_next_run_pays_nothing_twice(tmp_path: Path) -> None:
    demo = Demo(tmp_path, **BRIEFS)
    with demo.running() as process:
        read_until(process.stdout, "generating")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE)
        assert demo.left() == {}
    assert process.returncode == 128 + signal.SIGINT
    assert "Stopping …" in out
    assert "Stopped by SIGINT" in err
    before = demo.sandbox_account()["requests"]["POST /identity/create"]
    assert before["202"] >= 1
    assert not (tmp_path / "output").exists()

    answer = demo.run()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "goes on" in answer.stdout
    assert demo.summary()["totals"]["identities"] == 4
    account = demo.sandbox_account()
    assert account["requests"]["POST /identity/create"] == {"202": 3}
    assert account["requests"]["POST /identity/promote-generated"] == {"201": 4}
    assert set(account["violations"].values()) == {0}


def test_sigterm_stops_it_as_ctrl_c_does(tmp_path: Path) -> None:
    demo = Demo(tmp_path, **{"3-plain": BRIEFS["3-plain"]})
    with demo.running() as process:
        read_until(process.stdout, "Starting")
        process.terminate()
        process.communicate(timeout=DEADLINE)
        assert demo.left() == {}
    assert process.returncode == 128 + signal.SIGTERM


def test_nothing_outlives_a_demo_that_was_killed(tmp_path: Path) -> None:
    demo = Demo(tmp_path, **BRIEFS)
    with demo.running() as process:
        read_until(process.stdout, "generating")
        process.kill()
        process.wait(DEADLINE)
        wait_for_end(list(demo.left()))
        assert demo.left() == {}


def test_a_part_that_dies_ends_the_demo_with_its_log_shown(tmp_path: Path) -> None:
    demo = Demo(tmp_path, **BRIEFS)
    with demo.running() as process:
        read_until(process.stdout, "generating")
        (worker,) = (pid for pid, command in demo.left().items() if "cli work" in command and is_leader(pid))
        os.kill(worker, signal.SIGKILL)
        _, err = process.communicate(timeout=DEADLINE)
        assert demo.left() == {}
    assert process.returncode == 1
    assert "the worker was killed by SIGKILL" in err
    assert "create.accepted" in err


def is_leader(pid: int) -> bool:
    """Return whether a process leads its session."""
    return os.getsid(pid) == pid


def test_after_a_complete_run_the_next_begins_anew_and_prints_json(tmp_path: Path) -> None:
    demo = Demo(tmp_path, **{"3-plain": BRIEFS["3-plain"]})
    for _ in range(2):
        answer = demo.run("--json")
        assert answer.returncode == 0, answer.stderr
        assert json.loads(answer.stdout) == demo.summary()
        assert demo.sandbox_account()["requests"]["POST /identity/create"] == {"202": 1}
    # The same brief gave the same identity, so there is still one folder.
    assert len(list((tmp_path / "output").glob("*/metadata.json"))) == 1


def test_a_brief_that_fails_ends_the_demo_with_the_apis_words(tmp_path: Path) -> None:
    demo = Demo(tmp_path, famous={"instructions": [{"prompt": "Somebody like Tom Cruise."}]})
    answer = demo.run()
    assert answer.returncode == 1
    assert demo.summary()["ok"] is False
    (brief,) = demo.summary()["briefs"]
    assert brief["state"] == "failed"
    assert "Tom Cruise" in brief["error"]
    lines = answer.stdout.splitlines()
    assert brief["error"] in next(line for line in lines if "famous  failed" in line), "as it happened"
    table = " ".join(answer.stdout.partition("IDENTITY_CODE")[2].split())
    assert brief["error"] in table, "and whole in the table"


def test_a_second_demo_on_the_same_state_is_refused(tmp_path: Path) -> None:
    demo = Demo(tmp_path, **BRIEFS)
    (tmp_path / ".data").mkdir()
    with (tmp_path / ".data/demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = demo.run()
    assert answer.returncode == 1
    assert "another demo runs" in answer.stderr


def test_briefs_that_break_rules_are_named_before_anything_is_started(tmp_path: Path) -> None:
    demo = Demo(tmp_path, bad={"instructions": []}, good=BRIEFS["3-plain"])
    answer = demo.run()
    assert answer.returncode == 2
    assert "bad.json" in answer.stderr
    assert not (tmp_path / ".data/demo").exists()


def test_a_folder_without_briefs_is_wrong_use(tmp_path: Path) -> None:
    answer = Demo(tmp_path).run()
    assert answer.returncode == 2
    assert "no briefs" in answer.stderr
    assert "--briefs DIR" in answer.stderr
