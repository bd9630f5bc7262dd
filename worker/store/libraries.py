"""Joins Lua files to a function library, whose name carries the digest of its code.

A library is the tables that Python and Lua share, `lua/entry.lua`, the modules in the order of their arrows,
and a function for each command's file. Its name ends with the digest of all that: different versions, and
installations with different settings or namespaces, work side by side on one server.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from config import durations
from config.times import monotonic

#: What the names of our libraries begin with, where there is no namespace.
PREFIX = "identity_worker_"
#: Hears a list of what a function tells.
Told = Callable[[Sequence[Any]], None]
_ENTRY = Path(__file__).parent / "lua" / "entry.lua"


def _unheard(_: Sequence[Any]) -> None:
    """Ignore what a function tells."""


class Library:
    """A library: its name, with its digest, and its whole text."""

    def __init__(self, name: str, code: str, family: str = PREFIX) -> None:
        self.name = name
        self.code = code
        self.family = family
        """What the names of all libraries of its namespace begin with, and of no other."""
        self.within: Callable[[str], Library] = lambda _: self
        """Returns the library of the same functions for a namespace."""
        self.told: Told = _unheard
        """Hears what a function tells its caller beside its answer."""
        self._touched = monotonic()

    def is_due(self) -> bool:
        """Return whether this process should say once more that it uses the library; it is taken to do so."""
        is_due = monotonic() - self._touched > durations.LIBRARY_TOUCHED_SECONDS
        if is_due:
            self._touched = monotonic()
        return is_due


def silence_ms() -> int:
    """Return after how many silent ms a process that used a library is taken to have ended."""
    return round(3 * durations.LIBRARY_TOUCHED_SECONDS * 1000)


def family_of(namespace: str) -> str:
    """Return what the names of a namespace's libraries begin with: a name has only letters, digits and _."""
    # None of them begins like those without a namespace, whose owner removes what nobody has put on record.
    digest = hashlib.sha256(namespace.encode()).hexdigest()[:12]
    return f"identity_workers_{digest}_" if namespace else PREFIX


def library(
    title: str,
    folder: Path,
    modules: Sequence[str],
    tables: Mapping[str, Any],
    namespace: str = "",
    told: Told = _unheard,
) -> Library:
    """Put a library together: `title` names it, the modules stand under `folder`/lib, the commands beside.

    Both may stand in folders by subject: a library has each name of a module and of a command once.
    `tables` are known to all of them under their names; those of KEY begin with the namespace. `told` hears
    what functions tell beside their answers.
    """
    named = {name: namespace + template for name, template in tables["KEY"].items()}
    both = {**tables, "KEY": named}
    shared = "\n".join(f"local {name} = {_lua(table)}" for name, table in both.items())
    made = _library(title, folder, tuple(modules), shared, family_of(namespace))
    made.within = partial(library, title, folder, modules, tables, told=told)
    made.told = told
    return made


@cache
def _library(title: str, folder: Path, modules: tuple[str, ...], shared: str, family: str) -> Library:
    low = folder / "lib"
    files = {path.stem: path for path in low.rglob("*.lua")}
    commands = [path for path in folder.rglob("*.lua") if not path.is_relative_to(low)]
    parts = [
        shared,
        _read(_ENTRY),
        *(f"local {name} = (function()\n{_read(files[name])}end)()" for name in modules),
        *(_registered(path) for path in sorted(commands)),
    ]
    body = "\n".join(parts)
    name = f"{family}{title}_{hashlib.sha256(body.encode()).hexdigest()[:12]}"
    return Library(name, f"#!lua name={name}\nlocal LIBRARY = '{name}'\n{body}\n", family)


def _registered(path: Path) -> str:
    """Return a command's file as a function, with the flag of Redis that its header may name."""
    body = _read(path)
    flags = [line.split()[2] for line in body.splitlines() if line.startswith("-- Flag: ")]
    return f"register('{path.stem}', {_lua(flags)}, function(A, ...)\n{body}end)"


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _lua(value: Any) -> str:
    """Write a Python value as a Lua literal."""
    if isinstance(value, dict):
        return "{" + ",".join(f"[{_lua(k)}]={_lua(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list | tuple):
        return "{" + ",".join(map(_lua, value)) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else json.dumps(str(value))
