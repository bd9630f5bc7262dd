"""Ctrl-C, or the end of a wait, leaves the terminal as a prompt needs it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from commandline import SCRIPT, environment
from stepping import Flow


def interrupted(words: list[str], seen: str, folder: Path, redis_url: str) -> tuple[int, str]:
    """Run a command on a terminal, and press Ctrl-C once it shows a text; return how it ended, and all of it.

    pytest-timeout ends a command that never shows it.
    """
    ours, its = os.openpty()
    process = subprocess.Popen(
        [SCRIPT, *words],
        cwd=folder,
        env=environment(REDIS_URL=redis_url, COLUMNS="80", TERM="xterm"),
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    shown, pressed = b"", False
    with open(ours, "rb", buffering=0) as screen:  # noqa: PTH123  # a descriptor
        try:
            while part := screen.read(65_536):
                shown += part
                if seen.encode() in shown and not pressed:
                    pressed = True
                    process.send_signal(signal.SIGINT)
        except OSError:  # the other end is closed: how a terminal ends on Linux
            pass
    return process.wait(), shown.decode()


@pytest.mark.parametrize("command", ["enqueue", "import"])
def test_what_is_read_when_it_is_pressed_is_wiped_away(command: str, tmp_path: Path, redis_url: str) -> None:
    os.mkfifo(tmp_path / "never.jsonl")  # whoever reads it waits for a writer
    told = "reading never.jsonl"
    code, shown = interrupted([command, "never.jsonl"], told, tmp_path, redis_url)
    assert code == 130
    assert shown.endswith(f"\r{' ' * len(told)}\r")


def test_the_line_of_a_wait_is_ended(flow: Flow, tmp_path: Path, redis_url: str) -> None:
    flow.accept(brief_id="b")
    code, shown = interrupted(["wait"], "0/1 finished", tmp_path, redis_url)
    assert code == 130
    assert shown.endswith("\x1b[K\r\n")


def test_an_error_stands_below_the_line_of_a_wait(flow: Flow, tmp_path: Path, redis_url: str) -> None:
    flow.accept(brief_id="b")
    code, shown = interrupted(["wait", "--stall", "1s"], "never shown", tmp_path, redis_url)
    assert code == 4
    assert "\x1b[K\r\nidentity-worker: nothing has moved for too long" in shown
