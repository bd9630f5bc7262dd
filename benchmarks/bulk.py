"""How long a table of many rows takes on its way to the queue, and what memory it needs.

    python -m benchmarks.bulk [--rows 10000]     for its goal: --rows 100000

A table is planned (`enqueue --dry-run`), then enqueued, on a Redis that is synced at every write; once with a
tenth of the rows, so that what memory grows by can be told.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.frame.report import Figure, report
from worker.store import embedded

ROWS = 10_000
HEADER = ["metadata.sku", "name", "gender", "age", "hair.color", "hair.length", "eyes", "num_variations"]


class Run(NamedTuple):
    """One command: how long it took, and the most memory that it had."""

    seconds: float
    memory_mb: float


def main(rows: int) -> dict[str, Any]:
    """Run each part, and report what it took."""
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as name:
        for part in PARTS:
            figures |= part(Path(name), rows)
    return report("bulk", figures, rows=rows)


def enqueue(folder: Path, rows: int) -> dict[str, Figure]:
    """Plan and enqueue a table of so many rows."""
    whole, tenth = _table(folder, rows), _table(folder, rows // 10)
    with embedded.running(folder / "valkey") as url:
        few = command(url, "enqueue", str(tenth))
    with embedded.running(folder / "valkey-2") as url:
        planned = command(url, "enqueue", str(whole), "--dry-run", ends=(0, 1))
        sent = command(url, "enqueue", str(whole))
    return {
        "plan_rows_per_second": Figure(rows / planned.seconds, "1/s"),
        "enqueue_rows_per_second": Figure(rows / sent.seconds, "1/s"),
        "enqueue_memory_mb": Figure(sent.memory_mb, "MB"),
        "enqueue_memory_ratio": Figure(sent.memory_mb / few.memory_mb, "to a tenth of the rows"),
    }


#: What is measured, each on a folder of its own making; it is given the number of rows.
PARTS: tuple[Callable[[Path, int], dict[str, Figure]], ...] = (enqueue,)


def command(url: str, *arguments: str, ends: tuple[int, ...] = (0,)) -> Run:
    """Run `identity-worker`; raises RuntimeError unless it ends with one of these codes."""
    script = str(Path(sys.executable).parent / "identity-worker")
    began = time.monotonic()
    process = subprocess.Popen(
        [script, *arguments], env={**os.environ, "REDIS_URL": url}, stdout=subprocess.PIPE, text=True
    )
    with process:
        told = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in ends:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}: {told[:500]}")
    return Run(time.monotonic() - began, usage.ru_maxrss / 1024)


def _table(folder: Path, rows: int) -> Path:
    path = folder / f"{rows}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        table.writerows(
            [f"{number:06d}", f"Model {number}", "female", 20 + number % 40, "ash blonde", "long", "blue", 2]
            for number in range(rows)
        )
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How long many briefs take at once.")
    parser.add_argument("--rows", type=int, default=ROWS)
    main(**vars(parser.parse_args()))
