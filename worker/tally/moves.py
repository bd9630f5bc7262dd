"""Hears of each move of a record from the very call that made it: a line of the log, and its counts.

That includes moves that follow within the call, such as the end of a brief with that of its last promotion. A
command line says in its own words what it has done, and has no log.
"""

from collections.abc import Sequence
from typing import Any

from config import logs
from worker.tally.counted import STAGE_SECONDS
from worker.tally.tally import TALLY

log = logs.get("moves")

#: States that somebody should look at, or in which a brief has come to nothing.
_WARN = ("held", "failed", "uncertain")


def told(moved: Sequence[Sequence[Any]]) -> None:
    """Hear of moves: kind, brief, subject, account, the state before (blank: it has just come), that of now,
    ms in the one before, the traceparent of its brief (or blank).
    """
    if not TALLY.is_open:
        return
    for kind, brief, subject, account, before, state, ms, trace in moved:
        if before:
            TALLY.observe(STAGE_SECONDS, kind, before, seconds=ms / 1000)
        say = log.warning if state in _WARN else log.info
        traced = {"trace_id": logs.trace_id(trace)} if trace else {}
        stood = {"before": before, "to": state, "seconds": round(ms / 1000, 3)}
        say(f"{kind}.moved", brief=brief, subject=subject, account=account, **stood, **traced)
