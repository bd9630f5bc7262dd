"""The page of durations: each says its unit and its reason, and nobody keeps a copy of it."""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TypeGuard

from project.every import every
from project.lua_code import COMMANDS as LUA_COMMANDS
from project.lua_code import MODULES as LUA_MODULES
from project.reading.trees import nodes, tree

from config import durations

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path for room in ("config", "worker", "actors", "web", "cli") for path in (ROOT / room).rglob("*.py")
)
NAMES = sorted(name for name in vars(durations) if name.isupper())


def test_each_duration_says_its_unit_and_its_reason() -> None:
    assert all(name.endswith(("_SECONDS", "_MS")) for name in NAMES)
    lines = (ROOT / "config" / "durations.py").read_text(encoding="utf-8").splitlines()
    for before, line in pairwise(lines):
        if re.match(r"[A-Z_0-9]+ = ", line):
            # The second one of a pair shares the comment of the first.
            assert re.match(r"#: |[A-Z_0-9]+ = ", before), line


@every(NAMES)
def test_each_duration_is_used(name: str) -> None:
    assert any(f"durations.{name}" in path.read_text(encoding="utf-8") for path in MODULES)


@every(MODULES)
def test_no_module_keeps_a_duration_of_its_own(path: Path) -> None:
    """A copy that was made at import would not be shortened with the page; the API's windows never are."""
    imports = [node.module for node in nodes(path) if isinstance(node, ast.ImportFrom)]
    assert "config.durations" not in imports, "from config import durations"
    read = {node.attr for node in read_at_import(tree(path)) if is_duration(node)}
    assert read <= {"RATE_WINDOW_SECONDS"}


@every(MODULES)
def test_no_call_spells_a_duration(path: Path) -> None:
    arguments = (node for node in nodes(path) if isinstance(node, ast.keyword))
    times = [node for node in arguments if re.search(r"timeout|_seconds$|_ms$|^p?ex$", node.arg or "")]
    # A time of 0 is no wait at all.
    assert [
        ast.unparse(each) for each in times if isinstance(each.value, ast.Constant) and each.value.value
    ] == []


@every([*LUA_COMMANDS, *LUA_MODULES])
def test_no_redis_function_spells_a_duration(path: Path) -> None:
    assert re.findall(r"call\.now(?:_at_most)? [-+] \d+", path.read_text(encoding="utf-8")) == []


def is_duration(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "durations"
    )


def read_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: all but the insides of functions, with their defaults."""
    yield node
    inside: Iterable[ast.AST | None] = ast.iter_child_nodes(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inside = [*node.args.defaults, *node.args.kw_defaults, *node.decorator_list]
    elif isinstance(node, ast.Lambda):
        inside = []
    for each in inside:
        if each is not None:
            yield from read_at_import(each)
