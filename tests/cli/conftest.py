"""The real command, run as a process of its own by somebody who has a Redis and no token."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commandline import SCRIPT, Command, environment


@pytest.fixture
def alone(tmp_path: Path) -> Command:
    """Return what runs the command in an empty folder, without a Redis."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
        options: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 60}
        return subprocess.run(
            [SCRIPT, *arguments], input=stdin, env=environment(**variables), check=False, **options
        )

    return run


@pytest.fixture
def command(alone: Command, redis_url: str) -> Command:
    """Return what runs the command in an empty folder, on the test's Redis."""
    return lambda *arguments, **more: alone(*arguments, **{"REDIS_URL": redis_url, **more})


@pytest.fixture
def on_terminal(redis_url: str, tmp_path: Path) -> Callable[..., list[str]]:
    """Return what runs the command on a terminal of 80 columns, and returns the lines that it shows there."""

    def run(*arguments: str, stream: str = "stdout") -> list[str]:
        ours, its = os.openpty()
        variables = environment(REDIS_URL=redis_url, COLUMNS="80", TERM="xterm", NO_COLOR="1")
        with open(ours, "rb", buffering=0) as screen:  # noqa: PTH123  # a descriptor, not a path
            shown_there: dict[str, Any] = {stream: its}
            process = subprocess.Popen([SCRIPT, *arguments], cwd=tmp_path, env=variables, **shown_there)
            os.close(its)
            with process:
                shown = b""
                try:
                    while part := screen.read(65_536):
                        shown += part
                except OSError:  # the other end is closed: how a terminal ends on Linux
                    pass
        return shown.decode().replace("\r\n", "\n").splitlines()

    return run
