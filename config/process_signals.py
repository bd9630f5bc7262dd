"""Signals of processes that run until they are told to end: heard in the event loop, harmless after it.

asyncio gives its handlers back when the loop closes, and Python all of them when it ends. Whole groups are
signalled more than once, and the next signal would end the process, as failed, in its last moments.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress


def hear(number: signal.Signals, act: Callable[[], None]) -> None:
    """Run `act` in this loop whenever the signal comes; must be called in the main thread."""
    loop = asyncio.get_running_loop()

    def told(*_: object) -> None:
        with suppress(RuntimeError):  # the loop has closed: all of it is over
            loop.call_soon_threadsafe(act)

    signal.signal(number, told)


def ignore() -> None:
    """Hear no signal to end or to reload any more: this process ends."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
