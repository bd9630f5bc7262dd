"""`identity-worker wait`: until what a filter means is finished, needs a person, or stands still."""

import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import typer

from cli.render.counts import cut, progress_line
from cli.shared.filtering import filtered
from cli.shared.opening import open_to_read
from cli.shared.output import DID_NOT, USED_WRONGLY, Json, complain, fail, print_json
from cli.shared.waiting import (
    ENDED,
    HELD,
    STANDS_STILL,
    Pace,
    Stall,
    Timeout,
    given_up,
    patience,
)
from config import durations
from config.text import printable
from config.times import monotonic
from worker.selection.filter import Filter
from worker.selection.language import written
from worker.selection.patience import Patience, patiently
from worker.selection.progress import Follower, Progress, Queued, follower, grows
from worker.views.happenings import changed, last_id

if TYPE_CHECKING:
    import redis


@filtered
def command(
    wanted: Filter,
    stall: Stall = None,
    timeout: Timeout = None,
    as_json: Json = False,
) -> None:
    """Wait until the briefs of a filter are finished; without a filter, all briefs.

    A filter by account and batch alone includes briefs that arrive meanwhile; any other filter means the
    briefs on record now. Ends with 0: all are done; 1: some failed or were cancelled; 2: no brief matches; 3:
    the rest waits for a person; 4: nothing has moved for --stall; 5: the time of --timeout is over.
    """
    waited = patience(stall, timeout, still_ms=round(durations.STALL_SECONDS * 1000))
    with open_to_read() as client:
        shown = _Shown(as_json=as_json)
        try:
            for progress, queued in _looks(client, wanted, waited):
                if not progress.total and not queued:
                    fail(f"no brief on record matches {printable(written(wanted)) or 'that'}", USED_WRONGLY)
                code = _code(progress, queued, waited)
                shown.show(progress, queued, is_last=code is not None)
                if code is not None:
                    shown.leave()  # a line that stayed the same was not printed again, and stands open
                    because = _why_still(client, wanted) if code == STANDS_STILL else []
                    seconds = round(monotonic() - waited.began, 1)
                    _end(code, progress, queued, seconds, because, as_json=as_json)
        finally:
            shown.leave()


def _looks(client: "redis.Redis", wanted: Filter, waited: Patience) -> Iterator[tuple[Progress, int]]:
    """Yield how far all are, and how many are queued, at once and whenever something may have changed."""
    # Before the first look: what happens after it is told of by the stream.
    since, waiting = last_id(client), Queued(client)
    following: Follower | None = None
    before: tuple[Progress, int] | None = None
    told: set[str] | None = None
    looked = time.monotonic()
    while True:
        # First: what was queued and is not any more is on record.
        queued = patiently(waiting.number)
        if following is None and (not queued or wanted.state or grows(wanted)):
            following = patiently(partial(follower, client, wanted))
        now = Progress(Counter()) if following is None else patiently(partial(following.look, told)), queued
        if now != before:
            before = now
            waited.has_moved()
        yield now
        told, since = patiently(partial(changed, client, since, waited.left_ms()))
        if told:
            time.sleep(durations.REDRAW_LEAST_SECONDS)  # a burst of events is a few looks
        if time.monotonic() - looked > durations.WAIT_LOOK_SECONDS:
            told, looked = None, time.monotonic()


def _code(progress: Progress, queued: int, waited: Patience) -> int | None:
    """Return with what the command ends, None while it goes on."""
    if not queued and progress.finished == progress.total:
        return DID_NOT if progress.lost else 0
    if not queued and not progress.under_way:
        return HELD
    return given_up(waited)


class _Shown:
    """Shows the progress: on a terminal in place of the line before, elsewhere a line now and then."""

    def __init__(self, *, as_json: bool) -> None:
        self._silent, self._on_terminal = as_json, sys.stdout.isatty()
        self._pace, self._printed, self._line = Pace(), 0.0, ""
        self._stands = False
        """Whether the cursor is behind a line that may be replaced yet."""

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
            self._stands = True  # before it does: Ctrl-C may come in between
            typer.echo(f"\r{fitting}\x1b[K", nl=is_last)
            self._stands = not is_last
        else:
            typer.echo(f"{time.strftime('%H:%M:%S')}  {line}")

    def leave(self) -> None:
        """Go below the line that stands there, whatever is written next: by Ctrl-C that is a prompt."""
        if self._stands:
            self._stands = False
            typer.echo()


def _why_still(client: "redis.Redis", wanted: Filter) -> list[str]:
    # Not at the top: the help should not wait for its import.
    from cli.doing.stalling import why_still

    return list(why_still(client, wanted))


def _end(
    code: int, progress: Progress, queued: int, seconds: float, because: Sequence[str], *, as_json: bool
) -> NoReturn:
    if as_json:
        told = {"code": code, "what": ENDED[code], "seconds": seconds, "queued": queued}
        print_json({**told, "total": progress.total, "states": dict(progress.states), "because": because})
    elif code:
        complain("\n".join([ENDED[code], *map(printable, because)]))
    raise typer.Exit(code)
