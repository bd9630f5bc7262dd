"""Keeps OpenTelemetry's packages from being imported at each start by packages that find them installed.

redis-py has figures of its own, and imports the SDK of metrics wherever that is installed: a tenth of a
second of each command's start. A module that is None in `sys.modules` can't be imported (the Python Language
Reference, *The import system*), which is what redis-py expects where there is none.
"""

import sys

_PACKAGE = "opentelemetry"


def withhold() -> None:
    """Let the packages be as if they were not installed."""
    sys.modules.setdefault(_PACKAGE, None)  # type: ignore[arg-type]  # which the reference allows


def give_back() -> None:
    """Let them be imported again."""
    if sys.modules.get(_PACKAGE, sys) is None:
        del sys.modules[_PACKAGE]
