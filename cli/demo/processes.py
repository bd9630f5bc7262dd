"""Child processes of the demo: each in its own session, watched, stopped in a chosen order.

Ctrl-C in a terminal signals the whole foreground group. In sessions of their own the children don't hear it,
so their starter can end them one after the other. Should the starter be killed without a chance to do so,
the kernel ends them (Linux only: PR_SET_PDEATHSIG). The alternative, a watchdog process for each child on a
pipe, would work everywhere and double the processes.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from config import durations
from config.errors import IdentityWorkerError
from config.processes import end_with_parent

#: Lines of a dead child's log that are shown.
TAIL = 15


class ChildDiedError(IdentityWorkerError):
    """Raised when a child that should run has ended: says which and how, with the end of its log."""

    def __init__(self, name: str, how: str, log: Path) -> None:
        super().__init__(f"the {name} {how}; the end of {log}:\n{tail(log)}")


@dataclass(frozen=True)
class Child:
    """A running child; everything that it writes goes to its log."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def check(self) -> None:
        """Raise ChildDiedError unless it runs."""
        code = self.process.poll()
        if code is not None:
            how = (
                f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            )
            raise ChildDiedError(self.name, how, self.log)


def start(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
    """Start a child; must be called in the main thread, whose end is what the kernel watches."""
    with log.open("ab") as file:
        process = subprocess.Popen(  # noqa: S603  # our own commands
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,  # safe: the starter has no second thread that could hold a lock
        )
    return Child(name, process, log)


def stop(children: Sequence[Child]) -> None:
    """End children together: SIGTERM, and SIGKILL to what is left of their sessions after the deadline."""
    for child in children:
        child.process.terminate()
    deadline = time.monotonic() + durations.DEMO_STOP_SECONDS
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))
        # Also when it has ended: a master process that was killed leaves its workers behind.
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()


def tail(log: Path) -> str:
    """Return the last lines of a log, indented; of one that can't be read, why."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return f"  ({error.strerror})"
    return "\n".join(f"  {line}" for line in lines[-TAIL:]) or "  (empty)"
