"""Logs: an event's name and its keys, to standard error; a terminal gets columns, everything else lines.

Whatever this process says passes here, Dramatiq's own words, others' warnings and tracebacks too: each is one
line of at most `LONGEST` bytes, without control characters, and written at once: what several processes
write into one pipe mixes only beyond PIPE_BUF (4,096 bytes, pipe(7)).
"""

import io
import logging
import os
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO, cast

from config import durations
from config.text import printable
from config.times import delay

if TYPE_CHECKING:
    from collections.abc import Callable

    import structlog

    from config.settings import Settings

#: Bytes of the longest line, its end included.
LONGEST = 4_000
#: What sets structlog up at its first use, in a process that has not imported it yet: most commands log
#: nothing, and the import takes as long as what they do.
_at_first_use: "list[Callable[[], None]]" = []


def configure(settings: "Settings") -> None:
    """Set up logging for this process: ours by structlog, and all others' through it.

    What the environment sets that is no setting is the first thing logged: each process begins with this.
    """
    # Not at the top: whoever logs nothing should not wait for the import of the settings' model.
    from config.settings import unknown_variables

    out: Any = sys.stderr.out if isinstance(sys.stderr, _Lines) else sys.stderr
    if not isinstance(out, io.TextIOBase):
        # A worker's pipe to Dramatiq's main process, which would but write each line where this one can.
        raw: Any = io.FileIO(2, "w", closefd=False)  # standard error
        out = io.TextIOWrapper(raw, "utf-8", "replace", write_through=True)
        sys.stdout = sys.stderr = _Lines(out)
    _at_first_use[:] = [partial(_set_up, settings, out)]
    if "structlog" in sys.modules:
        _structlog()
    _take_over()
    for told in unknown_variables(os.environ):
        get("settings").warning("settings.unknown", what=told)


def _structlog() -> Any:
    """Return structlog, set up as was asked for last."""
    import structlog

    # Two threads may do it at once, and to the same end.
    for set_up in _at_first_use[:]:
        set_up()
    _at_first_use.clear()
    return structlog


def _set_up(settings: "Settings", out: Any) -> None:
    import structlog

    on_terminal = not settings.log_json and out.isatty()
    renderer: structlog.typing.Processor
    if settings.log_json:
        renderer = structlog.processors.JSONRenderer()
    elif on_terminal:
        renderer = structlog.dev.ConsoleRenderer()
    else:
        renderer = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _Short(renderer, on_terminal=on_terminal),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_Writers(_LossyStream(out)),
    )


def _take_over() -> None:
    """Let what others log come through here."""
    logging.basicConfig(level=logging.WARNING, handlers=[_Forwarding()], force=True)
    logging.getLogger("dramatiq").setLevel(logging.INFO)  # when it boots and ends
    threading.excepthook = _thread_died


class _LossyStream:
    """A stream that loses what can't be written: no process dies, and no call fails, for want of a log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, or lose it."""
        # A ValueError where it was closed, a RuntimeError where a signal came in the middle of another write.
        with suppress(OSError, ValueError, RuntimeError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered, or lose it."""
        with suppress(OSError, ValueError, RuntimeError):
            self._stream.flush()


class _Writers:
    """Makes structlog's writers of one stream, with a lock that a thread may enter again.

    A handler of signals may log while its own thread writes. It would wait for structlog's lock for ever, and
    the main process of a worker with it, which nothing but SIGKILL would end then.
    """

    def __init__(self, stream: _LossyStream) -> None:
        self._stream = cast("TextIO", stream)
        self._lock = threading.RLock()

    def __call__(self, *_: Any) -> "structlog.WriteLogger":
        import structlog

        writer = structlog.WriteLogger(self._stream)
        writer._lock = self._lock  # type: ignore[assignment]  # used in the same way
        return writer


class _Forwarding(logging.Handler):
    """Logs through structlog what came through the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record."""
        try:
            get(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)
        except Exception:
            self.handleError(record)


class _Lines(io.TextIOBase):
    """Stands for a standard stream: what is written there is logged, line by line."""

    def __init__(self, out: Any) -> None:
        self.out = out

    def write(self, text: str) -> int:
        """Log some lines; a blank one is none."""
        for line in text.splitlines():
            if line.strip():
                # Why a process of ours ends is no mere word of somebody's.
                log = get("stderr")
                (log.error if line.startswith("identity-worker:") else log.warning)("written", text=line)
        return len(text)


def _thread_died(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is not None and not isinstance(died.exc_value, SystemExit):
        name = died.thread.name if died.thread else ""
        get("threads").error("thread.died", thread=name, exc_info=died.exc_value)


class _Short:
    """A renderer whose lines are short and hold no control characters."""

    def __init__(self, renderer: "structlog.typing.Processor", *, on_terminal: bool) -> None:
        self._render = renderer
        self._on_terminal = on_terminal

    def __call__(self, logger: Any, method: str, said: "structlog.typing.EventDict") -> str:
        """Render an event, the middle of its longest value left out until it fits."""
        said = dict(said)
        while True:
            shown = {
                name: self._shown(name, value) if isinstance(value, str) else value
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
            return "".join(f"\n    {printable(line)}" for line in text.splitlines())
        return printable(text)


class _Logger:
    """A logger of structlog, which is imported when something is logged."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        return getattr(_structlog().get_logger(part=self._name), method)


def trace_id(traceparent: str) -> str:
    """Return the trace that a traceparent of W3C names."""
    return traceparent.split("-")[1]


def bind_trace(traceparent: str | None) -> None:
    """Have each line of this thread name the trace of what it works on; None: of nothing any more."""
    contextvars = _structlog().contextvars
    if traceparent is None:
        contextvars.unbind_contextvars("trace_id")
    else:
        contextvars.bind_contextvars(trace_id=trace_id(traceparent))


def get(name: str) -> "structlog.typing.FilteringBoundLogger":
    """Return the logger of a part of the worker."""
    return cast("structlog.typing.FilteringBoundLogger", _Logger(name))


class Trouble:
    """Logs one event the first time, and then at growing intervals, with how often it happened in between."""

    def __init__(self, log: "structlog.typing.FilteringBoundLogger", event: str) -> None:
        self._log = log
        self._event = event
        self._logged = 0
        self._silent_until = float("-inf")
        self._times = 0

    def met(self, **told: Any) -> None:
        """Log that it happened, or count it; after the longest pause without it, it is a new trouble."""
        self._times += 1
        now = time.monotonic()
        if now < self._silent_until:
            return
        is_new = now > self._silent_until + durations.TROUBLE_MOST_SECONDS
        self._logged = 1 if is_new else self._logged + 1
        self._log.warning(self._event, **told, times=self._times)
        pause = delay(self._logged, durations.TROUBLE_FIRST_SECONDS, durations.TROUBLE_MOST_SECONDS)
        self._times, self._silent_until = 0, now + pause
