"""Shows on a terminal what a command is at, in one line that is wiped away before anything else is told."""

import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from config import durations
from config.text import printable

Each = TypeVar("Each")

#: Columns of the line that stands there now.
_width = [0]


def show(line: str) -> None:
    """Show a line in place of the one before; nothing where no terminal is."""
    if not sys.stderr.isatty():
        return
    cut = printable(line)[: shutil.get_terminal_size().columns - 1]
    blanks = " " * (_width[0] - len(cut))
    _width[0] = len(cut)
    # The cursor goes back: whatever is written by who knows nothing of this line takes its place.
    print(f"\r{cut}{blanks}\r", end="", file=sys.stderr, flush=True)


def reading(places: Sequence[str]) -> None:
    """Show that these files and folders are read: to import what reads them takes a while by itself."""
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    show(f"reading {places[0] if places[0] != '-' else 'standard input'}{more}")


def wipe() -> None:
    """Wipe the line away."""
    if _width[0]:
        show("")


def told(items: Iterable[Each], what: str) -> Iterator[Each]:
    """Pass on the items; on a terminal their number is shown, and the line is wiped away in the end."""
    last = time.monotonic()
    for number, item in enumerate(items, 1):
        yield item
        if time.monotonic() - last >= durations.PROGRESS_SECONDS:
            last = time.monotonic()
            show(f"{number} {what}")
    wipe()
