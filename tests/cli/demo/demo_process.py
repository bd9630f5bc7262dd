"""The demo as a person runs it: real processes, a few briefs, a fast sandbox."""

import json
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from commandline import SCRIPT, environment

RUN = ("demo", "--briefs", "briefs", "--speed", "60")
#: Seconds that anything may take before a test gives up.
DEADLINE = 60.0
#: In the environment of the demo and of all that it starts, so that what is left behind can be found.
MARK = "DEMO_OF_TEST"
BRIEFS: dict[str, dict[str, Any]] = {
    "1-two-faces": {
        "name": "Denim duo",
        "instructions": [
            {"appearance": {"gender": "male"}, "num_variations": 2, "options": {"size": "1K", "ar": "1:1"}},
            {"appearance": {"gender": "female"}, "num_variations": 1, "options": {"size": "1K", "ar": "1:1"}},
        ],
    },
    "2-png": {
        "metadata": {"client": "eyewear"},
        "instructions": [
            {"prompt": "A man.", "num_variations": 1, "options": {"size": "1K", "ar": "2:3", "format": "png"}}
        ],
    },
    "3-plain": {
        "instructions": [
            {"hair": {"color": "black"}, "num_variations": 1, "options": {"size": "1K", "ar": "16:9"}}
        ]
    },
}


class Demo:
    """The demo in a folder of its own."""

    def __init__(self, folder: Path, **briefs: dict[str, Any]) -> None:
        self.folder = folder
        self._mark = uuid.uuid4().hex
        (folder / "briefs").mkdir()
        for name, brief in briefs.items():
            (folder / "briefs" / f"{name}.json").write_text(json.dumps(brief), encoding="utf-8")

    @contextmanager
    def running(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """Run it with its output on a pipe; it must have ended by itself when the block does."""
        process = subprocess.Popen(
            [SCRIPT, *RUN, *arguments],
            cwd=self.folder,
            env=environment(**{MARK: self._mark}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
                process.wait(DEADLINE)
            finally:
                for pid in self.left():
                    os.kill(pid, signal.SIGKILL)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        with self.running(*arguments) as process:
            out, err = process.communicate(timeout=DEADLINE)
            assert self.left() == {}
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def left(self) -> dict[int, str]:
        """Return the running processes that bear the mark: pid and command line."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self._mark}".encode() in (path / "environ").read_bytes():
                    found[int(path.name)] = (path / "cmdline").read_text().replace("\0", " ")
            except OSError:  # it has ended, or is another user's
                continue
        return found

    def sandbox_account(self) -> dict[str, Any]:
        """Return the account in the state that the sandbox has written."""
        state = json.loads((self.folder / ".data/demo/sandbox.json").read_text())
        (account,) = state["accounts"]
        return cast(dict[str, Any], account)

    def summary(self) -> dict[str, Any]:
        """Return the summary of the last run."""
        return cast(dict[str, Any], json.loads((self.folder / "output/summary.json").read_text()))
