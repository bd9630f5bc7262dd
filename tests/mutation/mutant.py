"""What a mutation is."""

from collections.abc import Sequence
from typing import NamedTuple


class Mutant(NamedTuple):
    """One mutation: in a file of the project, a text that stands there once, and what it becomes."""

    what: str
    file: str
    before: str
    after: str
    tests: Sequence[str]
    """What pytest is to run: one of these must fail."""


def of(file: str, tests: Sequence[str], *changes: tuple[str, str, str]) -> list[Mutant]:
    """Return the mutations of one file, each given as what it is, before and after."""
    return [Mutant(what, file, before, after, tests) for what, before, after in changes]
