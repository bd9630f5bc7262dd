"""Runs a process's side tasks, each with a thread: they start before its main work, and end with it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol


class Part(Protocol):
    """A side task of a process, with a thread of its own."""

    def start(self) -> None:
        """Begin, for as long as the process lives or until `end`."""

    def end(self) -> None:
        """End, after what must not be left undone."""


@contextmanager
def beside(*parts: Part) -> Iterator[None]:
    """Run parts while the block runs; then end each, the last one first, even if another one raises."""
    with ExitStack() as stack:
        for part in parts:
            part.start()
            stack.callback(part.end)
        yield
