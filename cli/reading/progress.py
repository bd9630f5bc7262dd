"""Shows on a terminal how far the reading of many briefs is."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from config import durations

Each = TypeVar("Each")


def told(items: Iterable[Each], what: str) -> Iterator[Each]:
    """Pass on the items; on a terminal their number is shown in one line, which is removed in the end."""
    if not sys.stderr.isatty():
        yield from items
        return
    last = time.monotonic()
    width = 0
    for number, item in enumerate(items, 1):
        yield item
        if time.monotonic() - last >= durations.PROGRESS_SECONDS:
            last = time.monotonic()
            line = f"{number} {what}"
            width = len(line)
            print(f"\r{line}", end="", file=sys.stderr, flush=True)
    if width:
        print(f"\r{' ' * width}\r", end="", file=sys.stderr, flush=True)
