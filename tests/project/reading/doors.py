"""From where each name is imported, and whether it is defined there."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from project.reading.trees import nodes

ROOT = Path(__file__).parents[3]
ROOMS = ("config", "worker", "actors", "web", "cli", "sandbox", "identity_worker", "benchmarks", "docs")
#: What other projects import, by the name in the documentation.
PUBLIC = {"identity_worker.testing"}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
}


@cache
def defined(path: Path) -> set[str]:
    """Return the names that a module defines itself."""
    found = nodes(path)
    named = {n.name for n in found if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return named | {n.id for n in found if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def other_doors(path: Path) -> Iterator[str]:
    """Yield the names that a module imports from one that has imported them itself."""
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.module in MODULES.keys() - PUBLIC:
            names = {alias.name for alias in node.names if f"{node.module}.{alias.name}" not in MODULES}
            yield from (f"{node.module}.{name}" for name in sorted(names - defined(MODULES[node.module])))
