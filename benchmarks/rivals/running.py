"""Runs the rivals on a ground of their own, each as whoever wrote it would."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker

from benchmarks.harness import ACCOUNT, START_DEADLINE, Setup, ground, process_running, sandbox_process
from worker.store.connection import connect

#: What each of them says once it works (dramatiq.cli, plain_listener.py).
READY = {"worker": "Worker process is ready for action.", "listener": "following"}
COMMANDS = {
    "worker": [
        str(Path(sys.executable).parent / "dramatiq"),
        *("benchmarks.rivals.plain", "--processes", "1", "--threads", "8"),
    ],
    "listener": [sys.executable, "-m", "benchmarks.rivals.plain_listener"],
}


class PlainSetup(Setup):
    """The plain Dramatiq program, with its own stream of what is ready (plain.py)."""

    @property
    def events(self) -> str:
        """Return the key of that stream."""
        return "plain:ready"

    def finished(self) -> int:
        """Return how many identities are ready."""
        return int(self.client.xlen(self.events))

    def enqueue(self, briefs: list[dict[str, Any]]) -> None:
        """Send the first message of each brief, as the program itself would."""
        broker: Any = RedisBroker(url=self.ground.redis_for("sender"))
        for brief in briefs:
            args = (brief["brief_id"], {key: value for key, value in brief.items() if key != "brief_id"})
            broker.enqueue(Message("default", "create", args, {}, {}))
        broker.close()


@contextmanager
def plain(speed: float, *, tapped: bool = False, counted: bool = False, **settings: Any) -> Iterator[Setup]:
    """Run the worker and the listener of the plain Dramatiq program."""
    with ExitStack() as stack:
        under = stack.enter_context(ground(speed, tapped=tapped, counted=counted, **settings))
        pids = {}
        for role, command in COMMANDS.items():
            given = {**_environment(under.tap.url, under.token), "REDIS_URL": under.redis_for(role)}
            log = under.folder / f"{role}.log"
            pids[role] = stack.enter_context(process_running(command, log, given)).pid
            _wait_until_said(log, READY[role])
        client = stack.enter_context(connect(under.redis_url))
        yield PlainSetup(under, client, **pids)


@dataclass
class Script:
    """The bare script, before it was given its briefs."""

    process: "subprocess.Popen[str]"

    def drive(self, bodies: Sequence[dict[str, Any]]) -> None:
        """Have it make all briefs identities."""
        print(json.dumps(bodies), file=self.process.stdin, flush=True)
        self.wait_until_said("done")

    def wait_until_said(self, word: str) -> None:
        """Return when it has said so; raises RuntimeError if it ends before."""
        if cast("Any", self.process.stdout).readline().strip() != word:
            raise RuntimeError(f"the script has not said {word!r}")


@contextmanager
def script(speed: float, **settings: Any) -> Iterator[Script]:
    """Run the bare script until it follows the events; it ends with the block."""
    command = [sys.executable, "-m", "benchmarks.rivals.script"]
    with sandbox_process(speed, **settings) as api_url:
        pipe, environment = subprocess.PIPE, _environment(api_url, ACCOUNT)
        process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
        try:
            running = Script(process)
            running.wait_until_said("following")
            yield running
        finally:
            process.kill()
            process.communicate()


def _environment(api_url: str, token: str) -> dict[str, str]:
    return {**os.environ, "PIKTID_API_URL": api_url, "PIKTID_API_TOKEN": token}


def _wait_until_said(log: Path, words: str) -> None:
    until = time.monotonic() + START_DEADLINE
    while words not in log.read_text():
        if time.monotonic() > until:
            raise TimeoutError(f"it did not start:\n{log.read_text()}")
        time.sleep(0.05)
