"""The Lua of the function libraries, read as far as its arrows need: its names, and what is defined where."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from actors.broker import library as broker
from worker.ledger import library as ledger
from worker.store import functions

#: The folder of each library, with its modules from the ground to the top.
LIBRARIES = {ledger.FOLDER: ledger.MODULES, broker.FOLDER: broker.MODULES}
#: Stands before the modules of each.
ENTRY = Path(functions.__file__).parent / "lua" / "entry.lua"
MODULES = sorted(path for folder in LIBRARIES for path in (folder / "lib").rglob("*.lua"))
COMMANDS = sorted({path for folder in LIBRARIES for path in folder.rglob("*.lua")} - set(MODULES))
#: What Redis and Lua 5.1 bring along.
BROUGHT = {
    *("redis", "cjson", "string", "table", "math", "ipairs", "pairs", "tonumber", "tostring", "type"),
    *("unpack", "select", "next", "error", "pcall"),
}
KEYWORDS = {
    *("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil"),
    *("not", "or", "repeat", "return", "then", "true", "until", "while"),
}
_NOISE = re.compile(r"--\[\[.*?\]\]|--[^\n]*|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|\.\.\.|\.\.|[=~<>]=|\S")


class Name(NamedTuple):
    """A name that stands alone or first, as `permits` in `permits.settle(...)`."""

    name: str
    member: str
    """What of it is meant; a blank if it stands alone."""
    is_key: bool
    """Whether it is a key of a table that is written down, as `now` in `{now = 1}`."""
    is_set: bool
    """Whether it is given a value here, or something is defined in it."""


def code(path: Path) -> str:
    """Return a file without its comments and strings."""
    return _NOISE.sub(lambda found: "''" if found[0][0] in "'\"" else " ", path.read_text(encoding="utf-8"))


@cache
def names(path: Path) -> list[Name]:
    """Return the names of a file in their order."""
    tokens = [*_TOKEN.findall(code(path)), "", "", ""]
    found, inside = [], [""]
    for n, token in enumerate(tokens[:-3]):
        if token in {"{", "function", "do", "if", "repeat"}:
            inside.append(token)
        elif token in {"}", "end", "until"}:
            inside.pop()
        elif (
            token not in KEYWORDS and token[0].isidentifier() and (n == 0 or tokens[n - 1] not in {".", ":"})
        ):
            member = tokens[n + 2] if tokens[n + 1] == "." else ""
            is_key = inside[-1] == "{" and tokens[n + 1] == "=" and tokens[n - 1] in {"{", ","}
            is_set = tokens[n + (3 if member else 1)] == "=" or tokens[n - 1] == "function"
            found.append(Name(token, member, is_key, is_set and not is_key))
    return found


def declared(path: Path) -> set[str]:
    """Return the names that are local somewhere in a file: variables, parameters, functions."""
    text = code(path)
    lists = [
        *re.findall(r"\blocal\s+(?!function\b)([\w\s,]+?)\s*(?:=|\n|$)", text),
        *re.findall(r"\blocal\s+function\s+(\w+)", text),
        *re.findall(r"\bfor\s+([\w\s,]+?)\s*(?:=|\bin\b)", text),
        *re.findall(r"\bfunction\b[^(\n]*\(([^)]*)\)", text),
    ]
    return {name for each in lists for name in re.findall(r"\w+", each)}


def uses(path: Path, modules: tuple[str, ...]) -> set[str]:
    """Return the modules that a file uses, but for itself."""
    return {each.name for each in names(path) if each.name in modules and not each.is_key} - {path.stem}


def arrows(folder: Path) -> dict[str, set[str]]:
    """Return what each module of a library uses."""
    return {path.stem: uses(path, LIBRARIES[folder]) for path in (folder / "lib").rglob("*.lua")}


def chains(graph: Mapping[str, set[str]], start: str, before: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every chain from a module as `a -> b -> c`, also one that comes back to where it was."""
    for module in sorted(graph.get(start, ())):
        yield " -> ".join([*before, start, module])
        if module not in {*before, start}:
            yield from chains(graph, module, (*before, start))


def defined(path: Path) -> set[str]:
    """Return what a module's table holds."""
    return {each.member for each in names(path) if each.name == path.stem and each.member and each.is_set}
