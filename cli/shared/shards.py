"""Runs a command of the Procfile once for each shard, in processes that live and end together."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared.output import DID_NOT, USED_WRONGLY, fail
from config import processes
from config.shards import SERVED, ShardError, read_shards

if TYPE_CHECKING:
    from config.settings import Settings

ToServe = Annotated[
    str | None, typer.Option(metavar="LIST", help="The shards to serve, as 0,2-3; all if omitted.")
]
_TOLD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def to_start(values: "Settings", given: str | None) -> list[int]:
    """Return the shards that a command starts a process for each of; none where it serves one itself.

    Ends the command where `--shards` names none that there is.
    """
    if values.shard is not None or (values.shards == 1 and given is None):
        if given is not None:
            fail(f"--shards: {SERVED} says already which one this process serves", USED_WRONGLY)
        return []
    try:
        shards = read_shards(given or f"0-{values.shards - 1}", values.shards)
    except ShardError as error:
        fail(f"--shards {error}", USED_WRONGLY)
    return [] if values.shards == 1 else shards


class _Children:
    """The processes, which are told what this one is told."""

    def __init__(self) -> None:
        self.running: dict[int, subprocess.Popen[bytes]] = {}
        self.are_ending = False

    def hear(self) -> None:
        """Pass on signals from now on."""
        for number in _TOLD:
            signal.signal(number, self._told)

    def start(self, shard: int, command: Sequence[str]) -> None:
        """Start the process of a shard, unless all are to end."""
        # In a session of its own: of a terminal's Ctrl-C it hears from this process alone.
        if not self.are_ending:
            started = subprocess.Popen(  # noqa: S603  # our own command
                command,
                env={**os.environ, SERVED: str(shard)},
                start_new_session=True,
                preexec_fn=_begin,  # safe: no second thread could hold a lock
            )
            self.running[started.pid] = started
            if self.are_ending:
                started.terminate()  # told while it was being started

    def end(self) -> None:
        """Tell all that run to end."""
        self._told(signal.SIGTERM)

    def _told(self, number: int, *_: object) -> None:
        if number == signal.SIGHUP and processes.terminal_is_closed():
            number = signal.SIGTERM
        self.are_ending = self.are_ending or number != signal.SIGHUP
        for each in tuple(self.running.values()):
            each.send_signal(number)


def _begin() -> None:
    processes.end_with_parent()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload


def run_each(shards: Sequence[int], *command: str) -> int:
    """Run a command of ours for each shard until they end; return their exit code.

    Should one end by itself all are ended, to be started again by whatever supervises this process.
    """
    children, code = _Children(), 0
    children.hear()
    for shard in shards:
        children.start(shard, processes.python("cli", *command))
    while children.running:
        pid, status = os.wait()
        ended = os.waitstatus_to_exitcode(status)
        if children.running.pop(pid, None) is None:
            continue
        with suppress(ProcessLookupError):  # a main process that was killed leaves its workers behind
            os.killpg(pid, signal.SIGTERM)
        if not children.are_ending:
            code = ended if ended > 0 else DID_NOT
            children.end()
    return code
