"""`identity-worker wait`: until what a filter means is finished, needs a person, or stands still."""

import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cli.render.progress_line import cut, progress_line
from cli.shared.filtering import filtered
from cli.shared.opening import open_to_read
from cli.shared.output import DID_NOT, USED_WRONGLY, Json, complain, fail, print_json
from cli.shared.pace import Pace
from config import durations
from config.text import printable
from worker.selection.filter import Filter
from worker.selection.language import written
from worker.selection.moments import duration
from worker.selection.progress import Follower, Progress, Queued, follower, grows
from worker.views.happenings import changed, last_id

if TYPE_CHECKING:
    import redis

#: How the command ends, beside 0 (all are done) and 1 (some failed or were cancelled).
HELD, STANDS_STILL, TIME_IS_OVER = 3, 4, 5

_ENDED = {
    0: "all are done",
    DID_NOT: "all are finished, and some have failed or were cancelled",
    HELD: "the rest waits for a person: see `identity-worker status --held`",
    STANDS_STILL: "nothing has moved for too long: see `identity-worker why BRIEF`",
    TIME_IS_OVER: "the time is over",
}


@filtered
def command(
    wanted: Filter,
    stall: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="Give up when nothing has moved for so long; 30m if omitted."),
    ] = None,
    timeout: Annotated[str | None, typer.Option(metavar="AGE", help="Wait no longer than this.")] = None,
    as_json: Json = False,
) -> None:
    """Wait until the briefs that a filter means are finished; without one, all.

    A filter by account and batch alone also means what comes on record meanwhile; any other one means what is
    on record now. Ends with 0: all are done; 1: some failed or were cancelled; 3: the rest waits for a
    person; 4: it stands still; 5: the time of --timeout is over; 2: nothing is meant.
    """
    still_ms = round(durations.STALL_SECONDS * 1000) if stall is None else _ms("stall", stall)
    most_ms = None if timeout is None else _ms("timeout", timeout)
    began = time.monotonic()
    with open_to_read() as client:
        shown = _Shown(as_json=as_json)
        waited = _Waited(still_ms, most_ms)
        for progress, queued in _looks(client, wanted, waited):
            if not progress.total and not queued:
                fail(f"no brief on record is meant by {printable(written(wanted)) or 'that'}", USED_WRONGLY)
            code = _code(progress, queued, waited)
            shown.show(progress, queued, is_last=code is not None)
            if code is not None:
                _end(code, progress, queued, round(time.monotonic() - began, 1), as_json=as_json)


def _ms(option: str, text: str) -> int:
    found = duration(text)
    if not found:
        fail(f"--{option} {printable(text)!r}: must be a length of time, as 45s, 10m or 1h30m", USED_WRONGLY)
    return found


@dataclass
class _Waited:
    """Since when nothing has moved, and for how long that may be so; in ms and monotonic seconds."""

    still_ms: int
    most_ms: int | None
    began: float = field(default_factory=time.monotonic)
    moved: float = field(default_factory=time.monotonic)

    def left_ms(self) -> int:
        """Return after how long to look whatever happens."""
        now = time.monotonic()
        ends = [self.moved + self.still_ms / 1000]
        ends += [] if self.most_ms is None else [self.began + self.most_ms / 1000]
        block = min(durations.REDIS_BLOCK_SECONDS, *(end - now for end in ends))
        return max(1, round(block * 1000))

    def stands_still(self) -> bool:
        return time.monotonic() >= self.moved + self.still_ms / 1000

    def is_over(self) -> bool:
        return self.most_ms is not None and time.monotonic() >= self.began + self.most_ms / 1000


def _looks(client: "redis.Redis", wanted: Filter, waited: _Waited) -> Iterator[tuple[Progress, int]]:
    """Yield how far all are, and how many are queued, at once and whenever something may have changed."""
    # Before the first look: what happens after it is told of by the stream.
    since, waiting = last_id(client), Queued(client)
    following: Follower | None = None
    before: tuple[Progress, int] | None = None
    told: set[str] | None = None
    looked = time.monotonic()
    while True:
        # First: what was queued and is not any more is on record.
        queued = waiting.number()
        if following is None and (not queued or wanted.state or grows(wanted)):
            following = follower(client, wanted)
        now = Progress(Counter()) if following is None else following.look(told), queued
        if now != before:
            before, waited.moved = now, time.monotonic()
        yield now
        told, since = changed(client, since, waited.left_ms())
        if told:
            time.sleep(durations.REDRAW_LEAST_SECONDS)  # a burst of events is a few looks
        if time.monotonic() - looked > durations.WAIT_LOOK_SECONDS:
            told, looked = None, time.monotonic()


def _code(progress: Progress, queued: int, waited: _Waited) -> int | None:
    """Return with what the command ends, None while it goes on."""
    if not queued and progress.finished == progress.total:
        return DID_NOT if progress.lost else 0
    if not queued and not progress.under_way:
        return HELD
    if waited.is_over():
        return TIME_IS_OVER
    return STANDS_STILL if waited.stands_still() else None


class _Shown:
    """Shows the progress: on a terminal in place of the line before, elsewhere a line now and then."""

    def __init__(self, *, as_json: bool) -> None:
        self._silent, self._on_terminal = as_json, sys.stdout.isatty()
        self._pace, self._printed, self._line = Pace(), 0.0, ""

    def show(self, progress: Progress, queued: int, *, is_last: bool) -> None:
        """Show how far they are."""
        self._pace.see(progress.finished)
        pace = self._pace.words(progress.under_way + queued)
        line = progress_line(progress, queued=queued, pace="" if is_last else pace)
        now = time.monotonic()
        due = is_last or not self._printed or now - self._printed > durations.WAIT_LINE_SECONDS
        if self._silent or line == self._line or not (due or self._on_terminal):
            return
        self._printed, self._line = now, line
        if self._on_terminal:
            # Back to the first column, and what the line before has left there is wiped away.
            fitting = cut(line, shutil.get_terminal_size().columns - 1)
            typer.echo(f"\r{fitting}\x1b[K", nl=is_last)
        else:
            typer.echo(f"{time.strftime('%H:%M:%S')}  {line}")


def _end(code: int, progress: Progress, queued: int, seconds: float, *, as_json: bool) -> NoReturn:
    if as_json:
        told = {"code": code, "what": _ENDED[code], "seconds": seconds, "queued": queued}
        print_json({**told, "total": progress.total, "states": dict(progress.states)})
    elif code:
        complain(_ENDED[code])
    raise typer.Exit(code)
