"""The processes of an experiment, and who starts them again: what a platform's supervisor would do."""

import math
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.chaos.starting import STARTING, Process

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent


def procfile(home: Path, folder: Path) -> dict[str, list[str]]:
    """Return the commands of a tree's Procfile, as an environment has them with commands in a folder."""
    rows = (row.partition(":") for row in (home / "Procfile").read_text().splitlines())
    commands = {role: shlex.split(command) for role, _, command in rows}
    return {role: [str(folder / name), *arguments] for role, (name, *arguments) in commands.items()}


#: The Procfile's commands, and the same with shorter waits.
REAL = procfile(ROOT, BIN)
QUICK = {role: [sys.executable, "-m", "tests.chaos.programs.quick", role] for role in REAL}
#: Seconds between two looks of the supervisor.
LOOK = 0.05
#: Seconds that a process may take to end when it is told to.
STOP_SECONDS = 30.0


class Member:
    """One place in the fleet: a process, and the ones that come after it when it dies."""

    def __init__(
        self, role: str, command: Sequence[str], environment: Mapping[str, str], log: Path, home: Path = ROOT
    ) -> None:
        self.role = role
        self.deaths: list[int] = []
        """The return codes of the processes that ended, oldest first."""
        self.frozen = False
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._home = home
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process, which is also the number of its group."""
        if self._process is None:
            raise RuntimeError(f"no {self.role} was started")
        return self._process.pid

    def start(self, more: Mapping[str, str] | None = None) -> None:
        """Start a process, in a session of its own."""
        environment = {**os.environ, **self._environment, **(more or {})}
        with self.log.open("ab") as out, Path(os.devnull).open("rb") as nothing:
            self._process = STARTING.start(
                self._command, environment, self._home, (nothing, out, out), session=True
            )

    def is_over(self) -> bool:
        """Whether its process has ended; how is noted once."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is None:
            return False
        self.deaths.append(code)
        self._process, self.frozen = None, False
        return True

    def kill(self) -> None:
        """End the process and its children as a power cut would."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the process and its children where they are, until `thaw`."""
        self.frozen = True
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let what is frozen go on."""
        self._signal(signal.SIGCONT)
        self.frozen = False

    def terminate(self) -> None:
        """Tell the process to end, as a deploy does."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """End the process for good: told to, and killed if it doesn't listen."""
        process = self._process
        if process is None:
            return
        self.thaw()
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            process.wait()

    def _signal(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


class Fleet:
    """The members, each started again within `restart_after` seconds of its end.

    `own` makes what a member has in its environment beside what all have, `home` is the tree
    that they are of.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        commands: Mapping[str, Sequence[str]] = REAL,
        own: Callable[[], Mapping[str, str]] = dict,
        home: Path = ROOT,
    ) -> None:
        self.members: list[Member] = []
        self.restart_after = 0.2
        self._folder = folder
        self._environment = dict(environment)
        self._commands = commands
        self._own = own
        self._home = home
        self._before: Any = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="supervisor")

    def add(self, role: str, *arguments: str, first: Mapping[str, str] | None = None) -> Member:
        """Start one more process of a role; `first` is in the environment of its first life only."""
        log = self._folder / f"{role}-{len(self.members)}.log"
        command = [*self._commands[role], *arguments]
        member = Member(role, command, {**self._environment, **self._own()}, log, self._home)
        member.start(first)
        self.members.append(member)
        return member

    def of(self, role: str) -> list[Member]:
        """Return the members of a role."""
        return [member for member in self.members if member.role == role]

    def retire(self, member: Member, *, kill: bool) -> None:
        """End a process for good, as a deploy does or as a power cut: none comes after it."""
        self.members.remove(member)
        if kill:
            member.kill()
        member.stop()

    def power_off(self) -> None:
        """Kill all of them at once, and start none again."""
        self.restart_after = math.inf
        for member in self.members:
            member.kill()

    def _supervise(self) -> None:
        down: dict[Member, float] = {}
        while not self._over.wait(LOOK):
            for member in list(self.members):
                if member not in down and member.is_over():
                    down[member] = time.monotonic()
                elif member in down and time.monotonic() - down[member] >= self.restart_after:
                    del down[member]
                    member.start()

    def __enter__(self) -> "Fleet":
        # They are in sessions of their own: whoever ends this process must not leave them behind.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for member in self.members:
            member.terminate()
        for member in self.members:
            member.stop()
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)


@contextmanager
def fleet(
    folder: Path,
    environment: Mapping[str, str],
    commands: Mapping[str, Sequence[str]] = REAL,
    *,
    workers: int = 1,
    listeners: int = 1,
    own: Callable[[], Mapping[str, str]] = dict,
    home: Path = ROOT,
) -> Iterator[Fleet]:
    """Run so many processes of a tree under a supervisor for the length of the block."""
    with Fleet(folder, environment, commands, own, home) as running:
        for _ in range(workers):
            running.add("worker")
        for _ in range(listeners):
            running.add("listener")
        yield running
