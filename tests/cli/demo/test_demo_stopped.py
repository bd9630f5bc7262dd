"""A demo that is stopped, killed, broken or run again: nothing is paid twice, no process is left behind."""

import fcntl
import os
import re
import select
import signal
import time
from pathlib import Path
from typing import IO, cast

import httpx
import pytest
from commandline import Command
from demo_process import BRIEFS, RUN, Demo

#: Seconds that anything may take before a test gives up.
DEADLINE = 60.0


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


@pytest.mark.story
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


@pytest.mark.story
def test_nothing_outlives_a_demo_that_was_killed(tmp_path: Path) -> None:
    demo = Demo(tmp_path, **BRIEFS)
    with demo.running() as process:
        read_until(process.stdout, "generating")
        process.kill()
        process.wait(DEADLINE)
        wait_for_end(list(demo.left()))
        assert demo.left() == {}


@pytest.mark.story
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
    assert re.search(r"timestamp=\S+ level=info event=\S+ part=", err), "its last lines, whatever these tell"


def is_leader(pid: int) -> bool:
    """Return whether a process leads its session."""
    return os.getsid(pid) == pid


@pytest.mark.story
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


def test_a_second_demo_on_the_same_state_is_refused(tmp_path: Path, alone: Command) -> None:
    Demo(tmp_path, **BRIEFS)
    (tmp_path / ".data").mkdir()
    with (tmp_path / ".data/demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = alone(*RUN)
    assert answer.returncode == 1
    assert "another demo runs" in answer.stderr


def test_briefs_that_break_rules_are_named_before_anything_is_started(tmp_path: Path, alone: Command) -> None:
    Demo(tmp_path, bad={"instructions": []}, good=BRIEFS["3-plain"])
    answer = alone(*RUN)
    assert answer.returncode == 2
    assert "bad.json" in answer.stderr
    assert not (tmp_path / ".data/demo").exists()


def test_a_folder_without_briefs_is_wrong_use(tmp_path: Path, alone: Command) -> None:
    Demo(tmp_path)
    answer = alone(*RUN)
    assert answer.returncode == 2
    assert "no briefs" in answer.stderr
    assert "--briefs DIR" in answer.stderr


@pytest.mark.story
def test_held_it_leaves_its_page_up_until_it_is_told_to_end(tmp_path: Path) -> None:
    demo = Demo(tmp_path, **{"3-plain": BRIEFS["3-plain"]})
    with demo.running("--hold") as process:
        told = read_until(process.stdout, "stays up at ")
        (url,) = re.findall(r"stays up at (\S+);", told)
        shown = httpx.get(f"{url}briefs", trust_env=False, timeout=60)
        assert (shown.status_code, "3-plain" in shown.text) == (200, True)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE)
        assert demo.left() == {}
    assert process.returncode == 0
