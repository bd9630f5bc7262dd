"""Which paid calls are under way, and how a worker is killed in none of them."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import redis
from processes import RunningProcess
from support import eventually

from worker.views import snapshots

#: The states in which a paid call is under way.
PAYING = ("submitting", "promoting")


def paying(client: "redis.Redis") -> set[str]:
    """The records whose paid call is under way."""
    found = snapshots.briefs(client)
    states = {brief.brief_id: brief.state for brief in found}
    states |= {promotion.subject: promotion.state for brief in found for promotion in brief.promotions}
    # A brief is called promoting for as long as any promotion of it goes on.
    return {
        name
        for name, state in states.items()
        if state in PAYING and (state != "promoting" or name.startswith("promotion:"))
    }


def stands_still(group: int) -> bool:
    """Whether each process of a group is stopped: the signal comes a moment after it was sent."""
    states: set[str] = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # others end while this looks
            state, _, of_group, *_ = path.read_text().rpartition(")")[2].split()
            states |= {state} if int(of_group) == group else set()
    return states == {"T"}


def kill_between_paid_calls(client: "redis.Redis", worker: RunningProcess) -> None:
    """End a worker as a power cut would, but in no paid call, after which a person would have to be asked."""
    while True:
        os.killpg(worker.process.pid, signal.SIGSTOP)
        eventually(client, lambda: stands_still(worker.process.pid))
        client.ping()  # what it has sent is executed with this at the latest
        under_way = paying(client)
        try:
            eventually(client, lambda: not paying(client) & under_way, deadline=1)  # noqa: B023
        except AssertionError:
            os.killpg(worker.process.pid, signal.SIGCONT)
        else:
            worker.kill()
            return
