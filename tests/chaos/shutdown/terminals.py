"""A terminal with a command in its foreground."""

import fcntl
import os
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

from processes import script
from support import DEADLINE, ROOT


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

    def is_left(self) -> bool:
        """Return whether any process of its group is there, if only for somebody to hear how it ended."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

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
