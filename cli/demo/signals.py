"""Stops at a safe point: signals are noted, and acted on where no work is half done."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from config.errors import IdentityWorkerError


class StoppedError(IdentityWorkerError):
    """Raised at a safe point after a signal to stop has come."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def noted(announce: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Note SIGINT, SIGTERM and SIGHUP for the length of the block; yield a check that raises StoppedError.

    `announce` is called before it is raised: what then ends in turn may take its time.
    Python's own KeyboardInterrupt can come between any two steps, so also between the start of a process
    and the note that it has to be stopped.
    """
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        came.append(number)

    def check() -> None:
        if came:
            announce()
            raise StoppedError(came[0])

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
