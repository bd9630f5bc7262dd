"""Where the processor goes of worker, listener and Redis while briefs run, all caps lifted.

    python -m benchmarks.profile [--briefs 400] [--rows 40]

Of worker and listener: samples by processor time (frame/profiled.py), as ms a brief: whose code it is (what
Python's own library takes is counted to its caller), the functions by themselves and with what they call, and
the lines of ours for which it happened. Of the server: its commands, those within functions too.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.cost import LIFTED, SPEED, briefs_of
from benchmarks.frame import stacks
from benchmarks.frame.proc import cpu_seconds
from benchmarks.frame.report import Figure, report
from benchmarks.harness import Setup, processes

BRIEFS, ROWS = 400, 40
VIEWS = {
    "whose code": stacks.by_owner,
    "functions by themselves": stacks.by_function,
    "functions with what they call": stacks.by_caller,
    "our lines, with what they ask for": stacks.by_our_line,
}


def main(briefs: int, rows: int) -> None:
    """Run the briefs under the profiler, and print where the time went."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with processes(SPEED, profiled=folder, **LIFTED) as setup:
            setup.client.config_resetstat()
            skip = {path: path.stat().st_size for path in folder.rglob("*.stacks")}
            spent = _drive(setup, briefs)
            commands: Any = setup.client.info("commandstats")
        found = {role: _stacks(folder / role, skip) for role in ("work", "listen")}
    for role, pid in (("work", "worker"), ("listen", "listener")):
        print("\n".join(_page(role, found[role], spent[pid].ours, rows)))
    print("\n".join(_server(commands, briefs, rows)))
    report("profile", spent, briefs=briefs)


def _drive(setup: Setup, briefs: int) -> dict[str, Figure]:
    """Return the milliseconds of processor that a brief took of each process."""
    pids = {"worker": setup.worker, "listener": setup.listener}
    before, server = {name: cpu_seconds(pid) for name, pid in pids.items()}, setup.server_seconds()
    setup.enqueue(briefs_of(briefs))
    setup.wait_finished(briefs, deadline=600)
    spent = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
    spent["server"] = setup.server_seconds() - server
    return {name: Figure(1000 * seconds / briefs, "ms a brief") for name, seconds in spent.items()}


def _stacks(folder: Path, skip: Mapping[Path, int]) -> list[stacks.Stack]:
    """Return what was noted after so many bytes of each file: the start is no part of it."""
    texts = (path.read_bytes()[skip.get(path, 0) :].decode() for path in folder.glob("*.stacks"))
    return [stack for text in texts for stack in stacks.read(text)]


def _page(role: str, found: list[stacks.Stack], ms: float, rows: int) -> Iterator[str]:
    yield f"# identity-worker {role}: {ms:.2f} ms a brief, {len(found)} samples"
    for title, view in VIEWS.items():
        yield f"\n## {title}\n"
        for name, count in view(found).most_common(rows):
            share = count / len(found)
            yield f"{share * ms:7.2f} ms {share:6.1%}  {name}"


def _server(commands: Mapping[str, Any], briefs: int, rows: int) -> Iterator[str]:
    yield "# Redis: the time of fcall has that of the commands within it\n"
    yield f"{'command':20} {'calls a brief':>14} {'us a call':>10} {'us a brief':>11}"
    ordered = sorted(commands.items(), key=lambda item: -item[1]["usec"])
    for name, row in ordered[:rows]:
        calls, taken = row["calls"] / briefs, row["usec"] / briefs
        yield f"{name.removeprefix('cmdstat_'):20} {calls:14.2f} {row['usec_per_call']:10.1f} {taken:11.1f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Where the processor goes.")
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    parser.add_argument("--rows", type=int, default=ROWS)
    main(**vars(parser.parse_args()))
