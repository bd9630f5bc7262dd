"""Further inlets: queues of their own for some senders, each with what it may use, from a TOML file.

A table each: `[NAME]`, with `accounts`, `priority` and `credits_a_day` as a token of HTTP has them. A token
of the same name has the same credits of a day.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from config import keys
from config.accounts import tables
from config.accounts.account import AccountsError
from config.errors import IdentityWorkerError
from config.text import nearest
from worker.callers import tokens
from worker.callers.tokens import Caller, Role, TokenError

_FIELDS = ("accounts", "priority", "credits_a_day")
#: A dot would make an inlet of what Dramatiq keeps beside a queue, as `briefs.DQ`.
_QUEUE = re.compile(r"[A-Za-z0-9_-]{1,64}")


class InletsError(IdentityWorkerError):
    """Raised when the file of the inlets can't be read; names file, table, field and rule."""


@lru_cache(maxsize=8)
def at_start(path: Path | None) -> Mapping[str, Caller]:
    """Return the further inlets by name as this process has read them first; raises InletsError."""
    return {} if path is None else read(path)


def names(path: Path | None) -> list[str]:
    """Return the names of the further inlets, none where their file is wrong: `doctor` tells of that."""
    try:
        return sorted(at_start(path))
    except InletsError:
        return []


def read(path: Path) -> dict[str, Caller]:
    """Return the further inlets of a file by name; raises InletsError."""
    try:
        said = tables.parse(path.read_bytes())
    except OSError as error:
        raise InletsError(f"IDENTITY_WORKER_INLETS: {path} can't be read: {error.strerror}") from None
    except AccountsError as error:
        raise InletsError(f"IDENTITY_WORKER_INLETS: {path} {error}") from None
    found = {}
    for name, table in said.items():
        try:
            found[name] = _inlet(name, table)
        except TokenError as error:
            raise InletsError(f"IDENTITY_WORKER_INLETS: {path}: [{name}] {error}") from None
    return found


def _inlet(name: str, table: Any) -> Caller:
    if name in (keys.INLET, keys.STEPS):
        raise TokenError(f"name '{name}': is a queue of the worker's own; give the inlet another one")
    if not _QUEUE.fullmatch(name):
        raise TokenError(f"name '{name}': letters, digits, _ and -, 64 at most")
    if not isinstance(table, dict):
        raise TokenError("is no table: write what the inlet may use below a line of its name in brackets")
    for field in table:
        if field not in _FIELDS:
            near = nearest(field, _FIELDS)
            more = f"the nearest is {near}" if near else f"there are {', '.join(_FIELDS)}"
            raise TokenError(f"{field}: is no field of an inlet; {more}")
    caller = Caller(name, Role.CALLER, *_values(table))
    tokens.check(caller)
    return caller


def _values(table: Mapping[str, Any]) -> tuple[tuple[str, ...], int, float | None]:
    accounts, priority = table.get("accounts", []), table.get("priority", tokens.HIGHEST)
    a_day = table.get("credits_a_day")
    if not isinstance(accounts, list) or not all(isinstance(each, str) for each in accounts):
        raise TokenError("accounts: a list of names in quotes; none named: all")
    if type(priority) is not int:
        raise TokenError("priority: a whole number")
    if a_day is not None and type(a_day) not in (int, float):
        raise TokenError("credits_a_day: a number")
    return tuple(accounts), priority, None if a_day is None else float(a_day)
