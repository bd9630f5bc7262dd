"""Logs: an event's name and its keys, to standard error; a terminal gets columns, everything else lines."""

import logging
import os
import sys
from typing import Any, TextIO, cast

import structlog

from config.log_stream import LogStream
from config.settings import Settings, unknown_variables


def configure(settings: Settings) -> None:
    """Set up logging for this process: ours by structlog, Dramatiq's and others' warnings beside it.

    What the environment sets that is no setting is the first thing logged: each process begins with this.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    renderer: structlog.typing.Processor
    if settings.log_json:
        renderer = structlog.processors.JSONRenderer()
    elif sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    else:
        renderer = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _escape,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", LogStream(sys.stderr))),
    )
    for told in unknown_variables(os.environ):
        get("settings").warning("settings.unknown", what=told)


def _escape(_logger: Any, _method: str, said: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Write out control characters and the like: what others wrote must not act on a terminal."""
    return {name: _escaped(value) if isinstance(value, str) else value for name, value in said.items()}


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a part of the worker."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return logger
