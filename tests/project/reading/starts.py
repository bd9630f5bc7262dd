"""What a module imports when it is imported: itself and by what it imports, without what functions import."""

import ast
from collections.abc import Iterable, Iterator

from project.reading.trees import tree
from project.rooms import modules


def imported_at_start(module: str) -> set[str]:
    """Return all modules of ours that the import of one takes, and the packages of others."""
    found = {module}
    left = [module]
    for each in left:
        new = set(_imports(tree(modules()[each]).body)) - found
        found |= new
        left += sorted(new & modules().keys())
    return found


def _imports(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (_module(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (_module(f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from _imports([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from _imports([*node.body, *node.orelse, *node.finalbody])


def _module(name: str) -> str:
    """Return the module of ours that holds a name, or the package of others."""
    around = name.rpartition(".")[0]
    return next((each for each in (name, around) if each in modules()), name.partition(".")[0])
