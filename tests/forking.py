"""Starts our commands as forks of a process that has imported them already: 0.03 s of processor, not 0.5.

What is started so has a process id, session, environment, folder, files, signals and exit code of its own, as
if its script had been run; only its imports are older than it is. IDENTITY_WORKER_TEST_STARTS=scripts has the
scripts themselves run everywhere.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forked import main_of

from tests.chaos.starting import Streams, start_script

#: What Python itself reads from the environment when it starts: a command with one of its own is no fork.
READ_BY_PYTHON = ("PYTHON", "LANG", "LC_", "TZ")
#: Threads that start commands must not start two such processes.
_ONE_AT_A_TIME = threading.Lock()
#: But for these: a fork writes no byte code, and our commands do not leave what they print in a buffer.
NO_MATTER = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


@dataclass
class Fork:
    """A running command, with what the tests need of subprocess.Popen."""

    args: Sequence[str]
    status: socket.socket
    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative if a signal ended it; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code; raises subprocess.TimeoutExpired after so many seconds."""
        if self.returncode is None:
            if not select.select([self.status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self.status.recv(64))
            self.status.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it is known to have ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Tell it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


Process = subprocess.Popen[bytes] | Fork


def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    streams: Streams,
    *,
    session: bool = False,
) -> Process:
    """Start a command in a folder, as a fork if it can be one; `session`: in a session of its own."""
    if not _can_be_fork(command, environment):
        return start_script(command, environment, folder, streams, session=session)
    order = {"words": command, "environment": dict(environment), "folder": str(folder), "session": session}
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with its, tempfile.TemporaryFile() as file:
        file.write(json.dumps(order).encode())
        file.flush()
        with _ONE_AT_A_TIME:
            control = _forked()[1]
            socket.send_fds(control, [b"!"], [each.fileno() for each in (*streams, file, its)])
    return Fork(command, ours, int(ours.recv(64)))


def end() -> None:
    """End the process that is forked, if there is one."""
    if _forked.cache_info().currsize:
        process, control = _forked()
        control.close()
        process.wait()


def _can_be_fork(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    if main_of(command) is None or os.environ.get("IDENTITY_WORKER_TEST_STARTS") == "scripts":
        return False
    return _read_by_python(environment) == _read_by_python(os.environ)


def _read_by_python(environment: Mapping[str, str]) -> dict[str, str]:
    names = {name for name in environment if name.startswith(READ_BY_PYTHON)}
    return {name: environment[name] for name in names - NO_MATTER}


@cache
def _forked() -> "tuple[subprocess.Popen[bytes], socket.socket]":
    """Start the process that is forked, once for this one; return it with our end of its socket."""
    ours, its = socket.socketpair()
    program = Path(__file__).with_name("forked.py")
    with its:
        process = subprocess.Popen(
            [sys.executable, program, str(its.fileno())],
            pass_fds=[its.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    return process, ours
