"""Runs commands of `identity-worker` as processes, and tells how long each took and what memory it had."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Run(NamedTuple):
    """One command: how it ended, what it took, the most memory that it had."""

    code: int
    seconds: float
    processor_seconds: float
    memory_mb: float


def command(environment: dict[str, str], *arguments: str, ends: tuple[int, ...] = (0,)) -> Run:
    """Run `identity-worker`; raises RuntimeError unless it ends with one of these codes."""
    return run([str(Path(sys.executable).parent / "identity-worker"), *arguments], environment, ends)


def run(words: list[str], environment: dict[str, str], ends: tuple[int, ...] = (0,)) -> Run:
    """Run a command with this beside the environment; raises RuntimeError unless it ends with such a code."""
    began = time.monotonic()
    process = subprocess.Popen(
        words, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        told = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in ends:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}: {told[-500:]}")
    seconds, processor = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    return Run(process.returncode, seconds, processor, usage.ru_maxrss / 1024)
