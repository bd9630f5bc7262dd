"""Writes `measured.md` from the results beside it: `python -m docs.make`."""

from benchmarks import measured
from benchmarks.frame.page import page as made
from benchmarks.frame.report import read_all

PAGE = measured.PAGE


def page() -> str:
    """Return the whole page."""
    return made(read_all(measured.KEPT))
