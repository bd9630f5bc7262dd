"""The real command, run as a process of its own by somebody who has a Redis and no token."""

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import forking
import pytest
from commandline import SCRIPT, Command, environment

#: Seconds that a command may take: more than any is told to wait for at most, and less than a test may.
PATIENCE = 110.0


@pytest.fixture
def alone(tmp_path: Path) -> Command:
    """Return what runs the command in an empty folder, without a Redis."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
        with _text(stdin) as given, _text() as printed, _text() as told:
            streams = (given, printed, told)
            process = forking.start([SCRIPT, *arguments], environment(**variables), tmp_path, streams)
            code = _ended(process)
            for stream in (printed, told):
                stream.seek(0)
            return subprocess.CompletedProcess(arguments, code, printed.read(), told.read())

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
        with open(ours, "rb", buffering=0) as screen, _text() as elsewhere:  # noqa: PTH123  # a descriptor
            with open(its, "wb", buffering=0) as there:  # noqa: PTH123  # a descriptor
                out, err = (there, elsewhere) if stream == "stdout" else (elsewhere, there)
                process = forking.start([SCRIPT, *arguments], variables, tmp_path, (elsewhere, out, err))
            shown = b""
            try:
                while part := screen.read(65_536):
                    shown += part
            except OSError:  # the other end is closed: how a terminal ends on Linux
                pass
            _ended(process)
        return shown.decode().replace("\r\n", "\n").splitlines()

    return run


def _text(content: str = "") -> IO[str]:
    """Return a file that is at the beginning of this content, and of no name."""
    file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # whoever calls this closes it
    file.write(content)
    file.seek(0)
    return file


def _ended(process: forking.Process) -> int:
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
