"""Commands that wait for briefs: `--stall` and `--timeout`, how fast it goes, and how such commands end."""

import time
from collections import deque
from typing import Annotated

import typer

from cli.shared.output import DID_NOT, USED_WRONGLY, fail
from config import durations
from config.text import printable
from config.times import format_duration
from worker.selection.moments import duration
from worker.selection.patience import Patience

#: How the command ends, beside 0 (all are done) and 1 (some failed or were cancelled).
HELD, STANDS_STILL, TIME_IS_OVER = 3, 4, 5

ENDED = {
    0: "all are done",
    DID_NOT: "all are finished, and some have failed or were cancelled",
    HELD: "the rest waits for a person: see `identity-worker status --state held,choosing`",
    STANDS_STILL: "nothing has moved for too long",
    TIME_IS_OVER: "the time is over",
}

Stall = Annotated[
    str | None,
    typer.Option(metavar="AGE", help="Give up when nothing has moved for this long; 30m if omitted."),
]
Timeout = Annotated[str | None, typer.Option(metavar="AGE", help="Wait no longer than this.")]


def patience(stall: str | None, timeout: str | None, *, still_ms: int | None) -> Patience:
    """Return what `--stall` and `--timeout` say; `still_ms` stands for a stall that is omitted.

    Ends the command where one of them is no length of time.
    """
    if stall is not None:
        still_ms = _ms("stall", stall)
    return Patience(still_ms, None if timeout is None else _ms("timeout", timeout))


def given_up(waited: Patience) -> int | None:
    """Return the exit code of a wait that has been long enough, None while it goes on."""
    if waited.is_over():
        return TIME_IS_OVER
    return STANDS_STILL if waited.stands_still() else None


def _ms(option: str, text: str) -> int:
    found = duration(text)
    if not found:
        fail(f"--{option} {printable(text)!r}: must be a length of time, as 45s, 10m or 1h30m", USED_WRONGLY)
    return found


class Pace:
    """The rate at which briefs finish, over the last minutes of looking."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def see(self, finished: int) -> None:
        """Take in how many are finished now."""
        now = time.monotonic()
        self._seen.append((now, finished))
        while self._seen[0][0] < now - durations.RATE_SECONDS:
            self._seen.popleft()

    def words(self, left: int) -> str:
        """Return the rate and when the `left` are finished at that rate; blank where it is not known yet."""
        (began, before), (now, finished) = self._seen[0], self._seen[-1]
        if finished <= before or now <= began:
            return ""
        a_minute = (finished - before) * 60 / (now - began)
        rate = f"{a_minute:.1f}/min" if a_minute < 100 else f"{a_minute:.0f}/min"
        return f"{rate} · about {format_duration(left / a_minute * 60_000)} left" if left else rate
