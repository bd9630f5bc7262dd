"""The names that the rooms define and read, and those that their comments speak of."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from project.reading.trees import nodes, tree
from project.rooms import HOUSE, ROOT, modules

#: What registers a function, so that nobody need name it.
REGISTERING = {"actor", "field_validator", "model_validator", "fixture"}
#: Classes that are shown, sent or handed to Lua whole, and pydantic's own settings of a class.
WHOLE = {"CloudEvent", "Field", "Key", "Limit", "Product", "Reservation", "Reservations", "Violations"}
#: The bases of models.
MODELS = {"BaseModel", "Part", "Group", "Event", "AboutDraft"}


class Defined(NamedTuple):
    """A name where it is defined."""

    place: str
    name: str


def definitions() -> Iterator[Defined]:
    """Yield the functions, classes, constants and fields of all rooms."""
    for module, path in modules().items():
        for node in nodes(path):
            decorators = {_last(decorator) for decorator in getattr(node, "decorator_list", ())}
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from [] if decorators & REGISTERING else [Defined(module, node.name)]
            if isinstance(node, ast.ClassDef) and node.name not in WHOLE and not _reads_input(node):
                yield from (Defined(f"{module}: {node.name}", name) for name in _assigned(node.body))
        yield from (Defined(module, name) for name in _assigned(tree(path).body))


def _assigned(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _last(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(called).rpartition(".")[2]


def _reads_input(node: ast.ClassDef) -> bool:
    """Whether it is a model of what others write: its fields are there to be given."""
    return any(ast.unparse(base) in MODELS for base in node.bases)


@cache
def used() -> set[str]:
    """The names that are read anywhere in the rooms."""
    names: set[str] = set()
    for node in (node for path in modules().values() for node in nodes(path)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            names.add(node.attr)
    return names | _in_templates()


def _in_templates() -> set[str]:
    """The names that the page's templates read: attributes of what they are given."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "web/page/templates").glob("*.html"))
    parts = (part for text in texts for part in re.findall(r"{[{%](.*?)[%}]}", text, re.DOTALL))
    return {name for part in parts for name in re.findall(r"\.([a-z_]+)", part)}


def comments() -> Iterator[tuple[str, str]]:
    """Yield the comments and docstrings of all rooms, in Python and Lua, each with its file."""
    for module, path in modules().items():
        yield from (
            (path.name, said) for said in re.findall(r"(?:^|\s)#(.*)", path.read_text(encoding="utf-8"))
        )
        for node in nodes(modules()[module]):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                yield path.name, str(node.value.value)
    for path in (path for house in HOUSE for path in (ROOT / house).rglob("*.lua")):
        yield from ((path.name, said) for said in re.findall(r"--(.*)", path.read_text(encoding="utf-8")))


def is_there(name: str) -> bool:
    """Whether a path leads to a file, also without its ending, and a dotted name to or into a module."""
    if "/" in name:
        return bool(list(ROOT.glob(f"{name}*")))
    return _is_module(name) or any(_is_module(part) for part in (name.rpartition(".")[0], _around(name)))


def _around(name: str) -> str:
    return name.rpartition(".")[0].rpartition(".")[0]


def _is_module(name: str) -> bool:
    place = ROOT / name.replace(".", "/")
    return "." in name and (place.with_suffix(".py").exists() or place.is_dir())
