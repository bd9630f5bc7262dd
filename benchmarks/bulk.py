"""How long a table of many rows takes on its way in, on record and on its way out, and what memory it needs.

    python -m benchmarks.bulk [--rows 10000] [--beside 100]     for its goals: --rows 100000

A table is planned (`enqueue --dry-run`), then enqueued, on a Redis that is synced at every write; once with a
tenth of the rows, so that what memory grows by can be told. Then as many finished briefs are put on record,
directly, since to make them would take hours, and each command is run that lists, filters, waits for or
exports them. Last, `--beside` briefs are driven to their end by our commands and by a pool of threads, as the
vendor's client has one, under the same caps.
"""

import argparse
import csv
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.frame.report import Figure, report
from benchmarks.many import beside as both_ways
from benchmarks.many import recorded
from benchmarks.many.commands import command
from worker.store import embedded

ROWS, BESIDE = 10_000, 100
HEADER = ["metadata.sku", "name", "gender", "age", "hair.color", "hair.length", "eyes", "num_variations"]


def main(rows: int, beside: int) -> dict[str, Any]:
    """Run each part in a folder of its own, and report what it took."""
    figures: dict[str, Figure] = {}
    for part, number in ((enqueue, rows), (recorded.measure, rows), (both_ways.measure, beside)):
        with tempfile.TemporaryDirectory() as folder:
            figures |= part(Path(folder), number)
    return report("bulk", figures, rows=rows, beside=beside)


def enqueue(folder: Path, rows: int) -> dict[str, Figure]:
    """Plan and enqueue a table of so many rows."""
    whole, tenth = _table(folder, rows), _table(folder, rows // 10)
    with embedded.running(folder / "valkey") as url:
        few = command({"REDIS_URL": url}, "enqueue", str(tenth))
    with embedded.running(folder / "valkey-2") as url:
        planned = command({"REDIS_URL": url}, "enqueue", str(whole), "--dry-run", ends=(0, 1))
        sent = command({"REDIS_URL": url}, "enqueue", str(whole))
    return {
        "plan_rows_per_second": Figure(rows / planned.seconds, "1/s"),
        "enqueue_rows_per_second": Figure(rows / sent.seconds, "1/s"),
        "enqueue_memory_mb": Figure(sent.memory_mb, "MB"),
        "enqueue_memory_ratio": Figure(sent.memory_mb / few.memory_mb, "to a tenth of the rows"),
    }


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
    parser.add_argument("--beside", type=int, default=BESIDE)
    main(**vars(parser.parse_args()))
