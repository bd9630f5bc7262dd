"""The tests as documentation: what their names, their files and their folders must be like."""

import ast
from collections.abc import Iterator
from pathlib import Path

from project.every import every
from project.reading.trees import nodes, tree
from project.rooms import floors

ROOT = Path(__file__).parents[2]
MOST_MODULES = 15
#: Lines, as of the modules that are tested.
LONGEST = 250
FILES = sorted((ROOT / "tests").rglob("*.py"))
TESTS = [path for path in FILES if path.name.startswith("test_")]
#: A name is read at a glance or not at all.
MOST_WORDS = 12


#: Helpers of a file below a test: whoever reads it looks these up, and nothing that they call in turn.
MOST_HELPERS = 1


def names_in(path: Path) -> Iterator[str]:
    """The names of a file's tests, without the `test` before each."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name.removeprefix("test_")


def test_the_name_of_a_test_has_at_most_twelve_words() -> None:
    names = [(path.name, name) for path in FILES for name in names_in(path)]
    assert [(file, name) for file, name in names if len(name.split("_")) > MOST_WORDS] == []


def test_no_two_modules_of_tests_have_one_name() -> None:
    """Pytest imports each by its name alone, and can't collect a second one of the same process."""
    names = [path.name for path in TESTS]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def helpers_of(path: Path) -> dict[str, set[str]]:
    """The functions of a file but its fixtures, each with those that it calls."""
    functions = {
        each.name: each
        for each in tree(path).body
        if isinstance(each, ast.FunctionDef)
        and "fixture" not in "".join(map(ast.unparse, each.decorator_list))
    }
    return {
        name: {
            node.func.id
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions
        }
        - {name}
        for name, function in functions.items()
    }


@every(TESTS)
def test_a_test_needs_no_chain_of_helpers(path: Path) -> None:
    calls = helpers_of(path)
    # A test stands on the first floor, its helpers below it.
    high = {name: floors(calls, name) - 1 for name in calls if name.startswith("test_")}
    assert {name: depth for name, depth in high.items() if depth > MOST_HELPERS} == {}


@every(sorted({path.parent for path in FILES}))
def test_a_folder_of_tests_is_seen_at_a_glance(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= MOST_MODULES


@every(FILES)
def test_a_file_of_tests_is_read_at_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
