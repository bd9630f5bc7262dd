"""How the processes of an experiment are started: as scripts, or in a way that the tests have for it."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

#: Standard input, output and error.
Streams = tuple[IO[Any], IO[Any], IO[Any]]


class Process(Protocol):
    """A process that runs: what the harness needs of subprocess.Popen."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code, negative if a signal ended it; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code; raises subprocess.TimeoutExpired after so many seconds."""

    def terminate(self) -> None:
        """Tell it to end."""

    def kill(self) -> None:
        """End it."""


def start_script(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    streams: Streams,
    *,
    session: bool = False,
) -> "subprocess.Popen[bytes]":
    """Start a command in a folder; `session`: in a session of its own."""
    stdin, stdout, stderr = streams
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=session,
    )


class Starting:
    """The way in which this process starts them."""

    def __init__(self) -> None:
        self.start: Callable[..., Process] = start_script
        """Called as `start_script`; the tests put one here that is cheaper (tests/forking.py)."""


STARTING = Starting()
