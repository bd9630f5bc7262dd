"""Two releases of this project side by side: a tree of each, with an environment of its own."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.chaos.harness.fleet import BIN, ROOT, procfile

#: Seconds that a command of ours may take.
DEADLINE = 120.0


class Release(NamedTuple):
    """One tree of the project, of which only processes are started: nothing of it is imported here."""

    name: str
    home: Path
    bin: Path

    @property
    def commands(self) -> Mapping[str, list[str]]:
        """Return what starts its processes."""
        return procfile(self.home, self.bin)

    def run(self, environment: Mapping[str, str], *arguments: str, given: str = "") -> str:
        """Run a command as an operator would, and return what it printed. Raises RuntimeError if it fails."""
        ran = subprocess.run(
            [str(self.bin / "identity-worker"), *arguments],
            cwd=self.home,
            env={**os.environ, **environment},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        if ran.returncode:
            raise RuntimeError(f"{self.name}: {' '.join(arguments)}: {ran.stdout}{ran.stderr[-2000:]}")
        return ran.stdout

    def enqueue(self, environment: Mapping[str, str], briefs: Iterable[Mapping[str, Any]]) -> None:
        """Send briefs as somebody does who has this release."""
        lines = "\n".join(json.dumps(brief) for brief in briefs)
        self.run(environment, "enqueue", "--json", "-", given=lines)


def present() -> Release:
    """Return the release that this is."""
    return Release("new", ROOT, BIN)


@contextmanager
def release_of(commit: str, folder: Path | None = None) -> Iterator[Release]:
    """Check out a commit and install it as its Makefile does; yield it.

    In `folder`, where it is left and found again, or else in a folder that is removed after the block.
    """
    with tempfile.TemporaryDirectory() as temporary:
        home = (folder or Path(temporary) / commit).absolute()
        if not home.exists():
            _git("worktree", "add", "--quiet", "--detach", str(home), commit)
        try:
            python = getattr(sys, "_base_executable", sys.executable)
            make = ["make", "--silent", f"PYTHON={python}", ".venv/.installed"]
            subprocess.run(make, cwd=home, check=True, stdout=subprocess.DEVNULL)
            yield Release("old", home, home / ".venv" / "bin")
        finally:
            if folder is None:
                _git("worktree", "remove", "--force", str(home))


def given(program: str, commit: str, seconds: float) -> argparse.Namespace:
    """Return what the command line of an experiment with an older release says, with these defaults."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.chaos.programs.{program}")
    parser.add_argument("--commit", default=commit)
    parser.add_argument("--old", type=Path, help="a folder for the old tree, which is left there")
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the logs and Redis' files")
    return parser.parse_args()


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True)
