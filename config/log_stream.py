"""Where logs go, which may go away: a closed terminal, a pipe that nobody reads any more, a full disk."""

from contextlib import suppress
from typing import TextIO


class LogStream:
    """A stream that loses what can't be written: no process dies, and no call fails, for want of a log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, or lose it."""
        with suppress(OSError, ValueError):  # a ValueError where it was closed
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered, or lose it."""
        with suppress(OSError, ValueError):
            self._stream.flush()
