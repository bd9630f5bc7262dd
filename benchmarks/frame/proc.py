"""What processes have used of processor and memory, as Linux tells it (proc(5))."""

import os
from pathlib import Path


def has_ended(pid: int) -> bool:
    """Return whether a process has ended that nobody has waited for yet."""
    return _stat(pid)[0] == "Z"


def cpu_seconds(pid: int) -> float:
    """Return the processor seconds that a process and its living children have used, to the kernel's tick."""
    fields = _stat(pid)
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(cpu_seconds, _children(pid)))


def scheduled_seconds(pid: int) -> float:
    """Return the same to the nanosecond, without threads that have ended."""
    tasks = Path(f"/proc/{pid}/task")
    own = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9
    return own + sum(map(scheduled_seconds, _children(pid)))


def resident_kb(pid: int) -> int:
    """Return the resident memory of a process in KB; what it shares with others counts in full."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmRSS:")


def memory_bytes(pid: int) -> int:
    """Return the bytes that a process and its living children have in memory, shared ones once."""
    own = _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") * 1024
    return own + sum(map(memory_bytes, _children(pid)))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _stat(pid: int) -> list[str]:
    """Return the state of a process and what follows it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _kilobytes(file: Path, name: str) -> int:
    return next(int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith(name))
