"""Runs what depends on Redis on each release that there is to be had: `make test-servers`.

The last line is a JSON object: for each release the tests that passed and failed, or why it is refused.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.servers.given import VARIABLE
from tests.servers.releases import REFUSED, RELEASES, Shelf
from tests.servers.server import server
from worker.store.startup import UnsafeServerError, check

#: The ledger with its functions, the broker, the start-up check, and whole briefs in real processes.
TESTS = (
    "tests/worker/ledger",
    "tests/worker/store",
    "tests/worker/unresolved",
    "tests/actors",
    "tests/cli/commands/briefs",
)
_COUNTED = re.compile(r"(\d+) (passed|failed|error)")


def main(names: list[str], shelf: Path) -> int:
    """Try these releases, fetched into `shelf`; return the exit code."""
    servers = Shelf(shelf)
    found: dict[str, Any] = {}
    for name in names:
        program = servers.program(name)
        refused = _refused(program)
        found[name] = {"refused": refused} if refused else _tested(program)
        print(f"{name}: {found[name]}", flush=True)
    print(json.dumps(found))
    wrong = [name for name, each in found.items() if each.get("failed") or each.get("error")]
    wrong += [name for name, each in found.items() if ("refused" in each) != (name in REFUSED)]
    return int(bool(wrong))


def _refused(program: list[str]) -> str | None:
    """Return why no process starts on a server, None where one does."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder) / "server", program=program) as one:
        try:
            check(f"redis://{one.address}/0", patience=0)
        except UnsafeServerError as error:
            return str(error).partition(": ")[2]
    return None


def _tested(program: list[str]) -> dict[str, int]:
    command = [sys.executable, "-m", "pytest", "-n", "8", "--no-header", *TESTS]
    given = os.environ | {VARIABLE: shlex.join(program)}
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    counted = {what: int(number) for number, what in _COUNTED.findall(done.stdout.splitlines()[-1])}
    if done.returncode != 0:
        print(done.stdout[-6000:], file=sys.stderr)
    return {"passed": 0, "failed": 0 if done.returncode == 0 else 1} | counted


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run what depends on Redis on each release of it.")
    parser.add_argument("names", nargs="*", default=list(RELEASES), help="releases; all if none is named")
    parser.add_argument("--shelf", type=Path, default=Path(".data/servers"), help="where servers are kept")
    raise SystemExit(main(**vars(parser.parse_args())))
