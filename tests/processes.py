"""The project's processes, started by a test and ended with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forking
import pytest
from support import DEADLINE, ROOT

from cli.demo import ports
from cli.demo.ports import free_port
from tests.chaos.starting import STARTING


@dataclass
class RunningProcess:
    """A process that a test started, in a session of its own, with what it wrote to standard error."""

    name: str
    process: forking.Process
    log: Path

    def stop(self, deadline: float = DEADLINE) -> int:
        """End it as a deploy would; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it and its children as a power cut would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def written(self) -> str:
        """Return what it wrote so far."""
        return self.log.read_text(errors="replace")


#: What starts a process of the project.
ProcessFactory = Callable[..., RunningProcess]


def start_process(name: str, command: list[str], environment: Mapping[str, str], log: Path) -> RunningProcess:
    """Start a process of the project from its folder."""
    with log.open("wb") as out, Path(os.devnull).open("rb") as nothing:
        process = forking.start(
            command, {**os.environ, **environment}, ROOT, (nothing, out, out), session=True
        )
    return RunningProcess(name, process, log)


def worker_command(threads: int = 4) -> list[str]:
    """Return the command of the Procfile's worker."""
    return [script("identity-worker"), "work", "--threads", str(threads)]


def dramatiq_command(module: str, threads: int = 4) -> list[str]:
    """Return the command of a worker with the actors of a module of the tests."""
    command = [script("dramatiq"), module, "--processes", "1", "--threads", str(threads)]
    # As `identity-worker work` has it: a worker that is killed while it starts is noticed at once.
    command += ["--worker-fork-timeout", "10"]
    return [*command, "--path", str(ROOT), str(ROOT / "tests")]


def listener_command() -> list[str]:
    """Return the command of the Procfile's listener."""
    return [script("identity-worker"), "listen"]


def web_command() -> list[str]:
    """Return the command of the Procfile's web, on a free port."""
    return [script("identity-worker"), "web", "--port", str(free_port())]


def script(name: str) -> str:
    """Return the path of an installed command."""
    return str(Path(sys.executable).parent / name)


#: What a test has started.
#: Processes of a run at most, the ports of each, and how many `free_port` may draw for one.
_RUNS, _EACH, _TRIES = 16, 750, 100
PROCESSES = pytest.StashKey[list[RunningProcess]]()


class _OwnPorts(list[int]):
    """Ports that no other process of this run draws, each of which is drawn once.

    Between being found free and being listened on, a port is anybody's; a cluster alone draws a dozen.
    """

    def __init__(self) -> None:
        number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _RUNS
        first = ports._PORTS.start + number * _EACH
        super().__init__(range(first, first + _EACH))
        self.start, self.stop = first, first + _EACH

    def __getitem__(self, index: Any) -> Any:
        if len(self) <= _TRIES:
            self[:] = range(self.start, self.stop)
        return self.pop(index)


def pytest_configure() -> None:
    """Let the experiments start forks, too, and Ctrl-C reach what the tests start.

    A shell's background job ignores it, and so do its children.
    """
    STARTING.start = forking.start
    ports._PORTS = _OwnPorts()  # type: ignore[assignment]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test what its processes wrote."""
    report = yield
    if report.failed:
        for process in item.stash.get(PROCESSES, []):
            report.sections.append((f"standard error of the {process.name}", process.written()))
    return report
