"""Counts the calls of a process, writes them down, and ends it at one of them."""

import functools
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Point(NamedTuple):
    """The `number`-th call of this text in a process of this role (from 1), before or after it."""

    role: str
    call: str
    number: int
    after: bool = False

    def __str__(self) -> str:
        return f"{self.role}: {'after' if self.after else 'before'} {self.call} #{self.number}"


class Recorder:
    """Counts the calls of this process, writes them down, and ends it at its point."""

    def __init__(self, log: Path | None, point: Point | None) -> None:
        self._log = log
        self._point = point
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def before(self, call: str) -> int:
        """Note a call that is about to be made; return its number."""
        with self._lock:
            self._counts[call] += 1
            number = self._counts[call]
            if self._log is not None:
                with self._log.open("a") as file:
                    file.write(f"{call}\n")
        self._die_at(call, number, after=False)
        return number

    def after(self, call: str, number: int) -> None:
        """Note that the answer of a call has come, which nobody has seen yet."""
        self._die_at(call, number, after=True)

    def _die_at(self, call: str, number: int, *, after: bool) -> None:
        point = self._point
        if point is not None and (point.call, point.number, point.after) == (call, number, after):
            os.kill(os.getpid(), signal.SIGKILL)


def wrap(owner: Any, name: str, describe: Callable[..., str], recorder: Recorder) -> None:
    """Have each call of a method or function written down, by what `describe` says of it."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def watched(*args: Any, **kwargs: Any) -> Any:
        call = describe(*args, **kwargs)
        number = recorder.before(call)
        try:
            return original(*args, **kwargs)
        finally:
            recorder.after(call, number)

    setattr(owner, name, watched)
