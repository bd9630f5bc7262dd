"""The example examples/bulk: its folder, its programs, and how its table is enqueued."""

import csv
import importlib
import sys
from pathlib import Path
from types import ModuleType

BULK = Path(__file__).parents[4] / "examples" / "bulk"
#: The options with which README.md and run.sh enqueue the table.
HOW = ("--map", "columns.toml", "--template", "template.json", "--batch", "spring", "--set", "size=1K")


def program(name: str) -> ModuleType:
    """Return one of its programs as a module, which may import the others."""
    sys.path.insert(0, str(BULK))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(BULK))


def read(path: Path) -> list[list[str]]:
    """Return the rows of a table, its header the first."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=";"))


def write(path: Path, rows: list[list[str]]) -> None:
    """Write a table as the example's is written."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
