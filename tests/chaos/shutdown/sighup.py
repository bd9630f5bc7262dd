"""What a worker's main process does at SIGHUP, as the system knows it."""

import signal
from pathlib import Path

from processes import RunningProcess

#: What a worker writes once its processes take messages.
READY = "ready for action"


def does(worker: RunningProcess, what: str) -> bool:
    """Return whether its main process has SIGHUP ignored (SigIgn) or handled (SigCgt)."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    (numbers,) = (line.split()[1] for line in status.splitlines() if line.startswith(what))
    return bool(int(numbers, 16) >> signal.SIGHUP - 1 & 1)


def is_ready(worker: RunningProcess, starts: int = 1) -> bool:
    """Return whether it runs after so many starts, and hears SIGHUP: its main process does a moment later."""
    return worker.written().count(READY) == starts and does(worker, "SigCgt")
