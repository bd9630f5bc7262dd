"""The errors of this project: one root of each house and one ending, so that a search finds all."""

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("config", "worker", "actors", "web", "cli", "identity_worker")
BUILT_IN = {"Exception", "ValueError", "LookupError", "RuntimeError", "OSError", "TypeError", "KeyError"}


def classes(*rooms: str) -> dict[str, set[str]]:
    """The classes of some rooms with the names of their bases."""
    nodes = (
        node
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    return {node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases} for node in nodes}


def errors(found: dict[str, set[str]], roots: set[str]) -> set[str]:
    """The classes that come from one of some roots, over however many others."""
    wider = roots | {name for name, bases in found.items() if bases & roots}
    return wider - BUILT_IN if wider == roots else errors(found, wider)


@pytest.mark.parametrize(
    ("rooms", "root", "least"), [(ROOMS, "IdentityWorkerError", 30), (("sandbox",), "SandboxError", 5)]
)
def test_all_errors_of_a_house_come_from_its_root(rooms: Sequence[str], root: str, least: int) -> None:
    found = classes(*rooms)
    rooted = errors(found, {root})
    assert errors(found, BUILT_IN) == rooted
    assert len(rooted) > least


def test_all_errors_end_in_error() -> None:
    found = errors(classes(*ROOMS, "sandbox"), BUILT_IN)
    assert {name for name in found if not name.endswith("Error")} == set()
