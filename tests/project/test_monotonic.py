"""Monotonic clocks start anywhere, mostly at the boot of the machine: no number of theirs is long ago."""

from pathlib import Path

import pytest
from project.reading.instants import numbered_instants

ROOT = Path(__file__).parents[2]
ROOMS = ("actors", "benchmarks", "cli", "config", "examples", "sandbox", "tests", "web", "worker")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize(
    "source",
    [
        "self._tended = 0.0\nif time.monotonic() - self._tended < 1.0: ...",
        "last: float = 0\nlast = loop.time() + 3",
        "def wait(since: float = 0.0): return perf_counter() > since",
    ],
)
def test_a_number_that_stands_for_a_monotonic_time_is_found(source: str) -> None:
    assert numbered_instants(source)


def test_no_number_stands_for_a_monotonic_time() -> None:
    found = {str(path.relative_to(ROOT)): numbered_instants(path.read_text("utf-8")) for path in MODULES}
    assert {path: names for path, names in found.items() if names} == {}
