"""The live display of `demo` and `watch`: each snapshot of the briefs replaces the one before.

On a terminal the whole snapshot is redrawn; elsewhere each change of a state is a plain line.
"""

import time
from typing import Self

from rich.console import Console
from rich.constrain import Constrain
from rich.live import Live

from cli.render.briefs import draw
from cli.render.lines import Lines
from cli.shared.overview import Snapshot
from cli.shared.waiting import Pace
from config.times import format_duration


class Screen:
    """Redraws every snapshot on a terminal; `transient`: it is wiped away at the end.

    `expected` briefs are counted before they are on record; the clock counts from `began`, in monotonic
    seconds.
    """

    def __init__(
        self, console: Console, title: str, began: float, *, expected: int = 0, transient: bool = False
    ) -> None:
        self._console = console
        self._title = title
        self._expected = expected
        self._began = began
        self._pace = Pace()
        # Without a refresh thread: a snapshot comes twice a second anyway.
        self._live = Live(console=console, auto_refresh=False, transient=transient, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Draw this snapshot in place of the one before."""
        title = f"{self._title} · {format_duration(1000 * (time.monotonic() - self._began), exact=True)}"
        self._pace.see(snapshot.finished)
        left = max(self._expected, snapshot.count + snapshot.queued) - snapshot.finished
        pace = self._pace.words(left)
        drawing = draw(snapshot, title, expected=self._expected, height=self._console.height, pace=pace)
        # A terminal echoes Ctrl-C as two characters; a wrapped line would upset the wiping.
        self._live.update(Constrain(drawing, self._console.width - 2), refresh=True)


def display(
    console: Console,
    title: str,
    *,
    began: float | None = None,
    expected: int = 0,
    transient: bool = False,
) -> Screen | Lines:
    """Return the display that suits the console; its clock counts from now unless `began` is given."""
    if console.is_terminal and not console.is_dumb_terminal:
        since = time.monotonic() if began is None else began
        return Screen(console, title, since, expected=expected, transient=transient)
    return Lines(lambda line: console.out(line, highlight=False))
