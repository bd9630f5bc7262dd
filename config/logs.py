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
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from config import durations
from config.logged.lines import LossyStream, ShortLines, Writers, logfmt
from config.text import printable
from config.times import delay

if TYPE_CHECKING:
    from collections.abc import Callable

    import structlog

    from config.settings import Settings

#: What sets structlog up at its first use, in a process that has not imported it yet: most commands log
#: nothing, and the import takes as long as what they do.
_at_first_use: "list[Callable[[], None]]" = []
#: What structlog has made for the parts that have logged: made anew for each line, it would take as long as
#: the line.
_made: "dict[str, Any]" = {}


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
        renderer = logfmt
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            ShortLines(renderer, printable, on_terminal=on_terminal),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=Writers(LossyStream(out)),
    )
    _made.clear()


def _take_over() -> None:
    """Let what others log come through here."""
    logging.basicConfig(level=logging.WARNING, handlers=[_Forwarding()], force=True)
    logging.getLogger("dramatiq").setLevel(logging.INFO)  # when it boots and ends
    threading.excepthook = _thread_died


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
                # Why a process of ours ends is more than information.
                log = get("stderr")
                (log.error if line.startswith("identity-worker:") else log.warning)("written", text=line)
        return len(text)


def _thread_died(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is not None and not isinstance(died.exc_value, SystemExit):
        name = died.thread.name if died.thread else ""
        get("threads").error("thread.died", thread=name, exc_info=died.exc_value)


class _Logger:
    """A logger of structlog, which is imported when something is logged."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        made = None if _at_first_use else _made.get(self._name)
        if made is None:
            structlog = _structlog()
            made = structlog.get_logger(part=self._name).bind()
            if structlog.is_configured():
                _made[self._name] = made
        return getattr(made, method)


def trace_id(traceparent: str) -> str:
    """Return the trace that a traceparent of W3C names."""
    return traceparent.split("-")[1]


def bind_trace(traceparent: str | None) -> None:
    """Have each line of this thread name the trace of what it works on; None: name none from now on."""
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
