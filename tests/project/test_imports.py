"""Importing a module defines things and does nothing else: it opens what it needs when it is run."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

BARE = Path(__file__).with_name("bare_imports.py")
CHANGING = {"clear", "pop", "popitem", "setdefault", "update"}


def test_importing_a_module_opens_nothing_and_reads_no_environment() -> None:
    ran = subprocess.run([sys.executable, "-I", BARE], env={}, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr, ran.stdout) == (0, "", "")


def test_no_test_changes_the_environment_of_its_process() -> None:
    """A fixture may, for as long as its test runs: by monkeypatch. A fork becomes what it was started as."""
    tests = Path(__file__).parents[1]
    changed = [f"{path.name}:{line}" for path in tests.rglob("*.py") for line in _environment_changes(path)]
    assert [place for place in changed if not place.startswith("forked.py")] == []


def _environment_changes(path: Path) -> Iterator[int]:
    """Yield the lines that set, delete or replace variables in `os.environ`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        is_set = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
        is_changed = isinstance(node, ast.Attribute) and node.attr in CHANGING
        if (is_set or is_changed) and ast.unparse(node.value) == "os.environ":
            yield node.lineno
