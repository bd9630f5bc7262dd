"""How long commands take to their first output, beside `python -c pass`, with many briefs on record.

    python -m benchmarks.cli [--briefs 2000] [--runs 7]     for its goal: --briefs 100000

Of each command the median of the runs, in wall time from its start to its first byte of output on a terminal
(of `python -c pass` to its end), and in seconds of processor until it ends, `watch` until it is stopped. What
takes a while by itself, as to read files, begins with a line that says so. All are run in turns, as a
machine's speed varies with its neighbours. The briefs are copies of one that went its whole way, as those of
benchmarks/audit.py.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.audit import TEMPLATE, Copies
from benchmarks.cost import LIFTED, body
from benchmarks.frame.report import Figure, report
from benchmarks.harness import processes
from cli.main import COMMANDS as NAMES
from config.processes import ROOMS
from config.settings import settings
from worker.ledger.ledger import Ledger
from worker.operations.recounting import recount

BRIEFS, RUNS = 2_000, 7
SPEED = 50.0
NOTHING = ("--batch", "there-is-none")
#: A figure each, beside which `python` stands.
COMMANDS: dict[str, tuple[str, ...]] = {
    "version": ("--version",),
    "help": ("--help",),
    "used_wrongly": ("nonsense",),
    "enqueue": ("enqueue", str(ROOMS / "examples" / "briefs" / "01-spring-catalog.json")),
    "status": ("status",),
    "status_filtered": ("status", "--state", "failed,held"),
    "status_error": ("status", "--error", "timeout", "--limit", "1"),
    "watch": ("watch",),
    "watch_once": ("watch", "--once"),
    "wait": ("wait", *NOTHING),
    "why": ("why", TEMPLATE),
    "accounts": ("accounts",),
    "actions": ("actions",),
    "events": ("events",),
    "limits": ("limits", "default"),
    "audit": ("audit", TEMPLATE),
    "doctor": ("doctor",),
    "export": ("export", *NOTHING, "--to", "nowhere"),
    "retry": ("retry", "--dry-run", *NOTHING),
    "cancel": ("cancel", "--dry-run", *NOTHING),
    "update": ("update", "--dry-run", "--priority", "1", *NOTHING),
    "pick": ("pick", TEMPLATE, "1"),
    "resolve": ("resolve", TEMPLATE, "--give-up"),
    "resume": ("resume", "default"),
    "pause": ("pause", "--account", "default"),
    "unpause": ("unpause", "--account", "default"),
    "healthy": ("healthy",),
    "schema": ("schema",),
    "orders": ("orders",),
    "hooks": ("hooks",),
    "shards": ("shards",),
    "describe": ("describe", "no-photos", "--to", "briefs"),
    "import": ("import", "no-photos"),
    "choose": ("choose", "--replay", "nowhere", "--rule", "best"),
    "verify": ("verify", "nowhere"),
    **{f"{name}_help": (name, "--help") for name in NAMES},
}


class Run(NamedTuple):
    """What one run took, in seconds."""

    wall: float
    processor: float


def main(briefs: int, runs: int) -> dict[str, Any]:
    """Run each command so often with so many briefs on record."""
    with processes(SPEED, **LIFTED) as setup, tempfile.TemporaryDirectory() as folder:
        setup.enqueue([{"brief_id": TEMPLATE, **body(0)}])
        setup.wait_finished(1, deadline=60)
        Copies(setup.client).make(1, briefs)
        recount(Ledger(setup.client, settings()))
        environment = {
            **os.environ,
            # As in an installation, whose modules are compiled.
            "PYTHONDONTWRITEBYTECODE": "",
            "REDIS_URL": setup.ground.redis_url,
            "PIKTID_API_TOKEN": "none is needed",
        }
        script = str(Path(sys.executable).parent / "identity-worker")
        commands: dict[str, tuple[str, ...]] = {"python": (sys.executable, "-c", "pass")}
        commands |= {name: (script, *arguments) for name, arguments in COMMANDS.items()}
        all_runs: dict[str, list[Run]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                all_runs[name].append(_run(command, environment, folder))
    took = {
        name: Run(*(statistics.median(each) for each in zip(*of, strict=True)))
        for name, of in all_runs.items()
    }
    python = took.pop("python")
    figures: dict[str, Figure] = {}
    for name, (wall, processor) in took.items():
        figures[name] = Figure(wall, "s", {"python": python.wall})
        figures[f"{name}_processor"] = Figure(processor, "s", {"python": python.processor})
    return report("cli", figures, briefs=briefs, runs=runs)


def _run(command: Sequence[str], environment: Mapping[str, str], folder: str) -> Run:
    """Return what a command took until it said something, on whichever stream; it is ended then."""
    ours, its = os.openpty()
    with open(ours, "rb", buffering=0) as screen:  # noqa: PTH123  # a descriptor
        began = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=its, stderr=its
        )
        os.close(its)
        with suppress(OSError):  # how a terminal ends on Linux
            screen.read(1)
        wall = time.monotonic() - began
        if "watch" in command:
            process.terminate()
        with suppress(OSError):
            while screen.read(65_536):
                pass
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(wall, used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How long commands take to their first output.")
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    parser.add_argument("--runs", type=int, default=RUNS)
    main(**vars(parser.parse_args()))
