"""The lines of the log: short, without control characters, and lost where they can't be written."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    import structlog

#: Bytes of the longest line, its end included.
LONGEST = 4_000
#: What a line begins with.
_FIRST = ("timestamp", "level", "event")


class LossyStream:
    """A stream that loses what can't be written: no process dies, and no call fails, for want of a log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text at once, or lose it."""
        # A ValueError where it was closed, a RuntimeError where a signal came in the middle of another write.
        with suppress(OSError, ValueError, RuntimeError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Do nothing: it is written."""


class Writers:
    """Makes structlog's writers of one stream, with a lock that a thread may enter again.

    A handler of signals may log while its own thread writes. With structlog's lock it would wait for ever,
    and with it the main process of a worker, which only SIGKILL could end then.
    """

    def __init__(self, stream: LossyStream) -> None:
        self._stream = cast("TextIO", stream)
        self._lock = threading.RLock()

    def __call__(self, *_: Any) -> "structlog.WriteLogger":
        """Return one more."""
        import structlog

        writer = structlog.WriteLogger(self._stream)
        writer._lock = self._lock  # type: ignore[assignment]  # used in the same way
        return writer


class ShortLines:
    """A renderer whose lines are short and hold no control characters."""

    def __init__(
        self,
        renderer: "structlog.typing.Processor",
        printable: Callable[[str], str],
        *,
        on_terminal: bool,
    ) -> None:
        """`printable` escapes the control characters of a text."""
        self._render = renderer
        self._printable = printable
        self._on_terminal = on_terminal

    def __call__(self, logger: Any, method: str, said: "structlog.typing.EventDict") -> str:
        """Render an event, the middle of its longest value left out until it fits."""
        said = dict(said)
        while True:
            shown = {
                name: self._shown(name, value)
                if isinstance(value, str) and not value.isprintable()
                else value
                for name, value in said.items()
            }
            line = str(self._render(logger, method, shown))
            if len(line.encode(errors="replace")) < LONGEST:
                return line
            longest = max(said, key=lambda name: len(str(said[name])))
            text = str(said[longest])
            half = min(len(text) // 4, LONGEST)
            said[longest] = f"{text[:half]}…{text[len(text) - half :]}"

    def _shown(self, name: str, text: str) -> str:
        if name == "exception" and self._on_terminal:
            # Indented, so that no line of it can pass for an event.
            return "".join(f"\n    {self._printable(line)}" for line in text.splitlines())
        return self._printable(text)


def logfmt(_logger: Any, _method: str, said: "structlog.typing.EventDict") -> str:
    """Render an event as logfmt, as structlog's renderer does that looks at each character of each name."""
    ordered = {name: said[name] for name in _FIRST if name in said} | dict(said)
    return " ".join([_pair(name, value) for name, value in ordered.items()])


def _pair(name: str, value: object) -> str:
    if value is True:
        return name
    text = "" if value is None else "false" if value is False else str(value)
    if " " in text or "=" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        text = f'"{text}"'
    return f"{name}={text}".replace("\n", "\\n")
