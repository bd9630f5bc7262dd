"""Runs what a process does in threads of its own: they begin before its work, and end with it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol


class Part(Protocol):
    """What has a thread of its own."""

    def start(self) -> None:
        """Begin, for as long as the process lives or until `end`."""

    def end(self) -> None:
        """End, after what must not be left undone."""


@contextmanager
def beside(*parts: Part) -> Iterator[None]:
    """Have parts run beside the block; each is ended, the last one first, whatever the others raise."""
    with ExitStack() as stack:
        for part in parts:
            part.start()
            stack.callback(part.end)
        yield
