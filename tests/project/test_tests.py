"""The tests as documentation: what their names, their files and their folders must be like."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests").rglob("*.py"))
#: A name is read at a glance or not at all.
MOST_WORDS = 12


def names_in(path: Path) -> Iterator[str]:
    """The names of a file's tests, without the `test` before each."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name.removeprefix("test_")


def test_the_name_of_a_test_has_at_most_twelve_words() -> None:
    names = [(path.name, name) for path in FILES for name in names_in(path)]
    assert [(file, name) for file, name in names if len(name.split("_")) > MOST_WORDS] == []
