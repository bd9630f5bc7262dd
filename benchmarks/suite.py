"""Runs the benchmarks in turn, keeps what they tell, and shows which goals are reached: `make bench`.

    python -m benchmarks.suite [--results output/benchmarks.jsonl] [--full] [NAME ...]

Each result is added to the file as one line of JSON, so that a long run of one benchmark can be added to a
quick one of all; the newest of each counts. `python -m benchmarks.measured FILE` makes docs/measured.md of
the file.
"""

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.frame.page import goals_table
from benchmarks.frame.report import read, read_all
from benchmarks.frame.suites import BENCHMARKS, Benchmark

RESULTS = Path("output/benchmarks.jsonl")
#: Seconds after which a benchmark is given up.
PATIENCE = 2 * 3_600.0


def main(names: Sequence[str], results: Path, *, full: bool) -> int:
    """Run the named benchmarks, or all; return the exit code, 1 if one of them has failed."""
    results.parent.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in names or [name for name, each in BENCHMARKS.items() if each.quick is not None]:
        began, each = time.monotonic(), BENCHMARKS[name]
        print(f"{name} ...", flush=True)
        result = run(each, each.full if full or each.quick is None else each.quick)
        if result is None:
            failed.append(name)
        else:
            with results.open("a", encoding="utf-8") as file:
                file.write(f"{result}\n")
        print(f"{name}: {time.monotonic() - began:.0f} s\n", flush=True)
    print("\n".join(goals_table(read_all(results))))
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def run(benchmark: Benchmark, options: str) -> str | None:
    """Run a benchmark in a process of its own; return the line of its result, None if it has none."""
    command = [sys.executable, "-m", benchmark.module, *shlex.split(options)]
    try:
        ended = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return None
    *table, last = ended.stdout.splitlines() or [""]
    print("\n".join(table))
    return last if read(last) else None


def _arguments() -> dict[str, Any]:
    parser = argparse.ArgumentParser(description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; else all")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--full", action="store_true", help="the sizes that the goals name: hours")
    given = parser.parse_args()
    unknown = set(given.names) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    return vars(given)


if __name__ == "__main__":
    sys.exit(main(**_arguments()))
