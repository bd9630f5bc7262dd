"""An archiver as a fork of this process, killed by SIGKILL at one of its calls, and the next one."""

import os
from pathlib import Path
from typing import Any

from archives import archiver, caught_up, look_of, pending
from stepping import Flow

from config import keys
from tests.chaos.harness.points import Point, Recorder, is_killed, watch, wrap
from worker.archive.stands import group_of

ROLE = "archiver"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def deliver_again(flow: Flow, place: Path) -> None:
    """Let the group begin anew, with all events before it."""
    flow.client.xgroup_destroy(keys.EVENTS(), group_of(str(place)))
    flow.client.xgroup_create(keys.EVENTS(), group_of(str(place)), id="0", mkstream=True)
    flow.client.delete(look_of(place))


def end_rights(flow: Flow, place: Path | str) -> None:
    """Let the rights end by themselves that a dead archiver has, to look and to archive a brief."""
    if flow.client.get(look_of(place)) != "done":
        flow.client.delete(look_of(place))
    for key in flow.client.scan_iter(keys.ARCHIVING("*")):
        flow.client.delete(key)


def rounds(flow: Flow, place: Path) -> int:
    """Archive until nothing is in hand, and the look is over; return how many pictures were fetched."""
    with archiver(flow, place) as running:
        while True:
            running.round(1)
            if not pending(flow) and flow.client.get(look_of(place)) == "done" and caught_up(flow):
                return running.counts.fetched


def live(flow: Flow, place: Path, log: Path | None, point: Point | None) -> bool:
    """Run an archiver as a fork; return whether it was killed."""

    def run() -> None:
        recorder = Recorder(log, point)
        watch(recorder)
        for owner, name in ((Path, "mkdir"), (Path, "replace"), (os, "fsync")):
            wrap(owner, name, _said(name), recorder)
        rounds(flow, place)

    return is_killed(run)


def _said(name: str) -> Any:
    def said(*args: Any, **_: Any) -> str:
        return f"{name} {args[0].suffix}" if isinstance(args[0], Path) else name

    return said
