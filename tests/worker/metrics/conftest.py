"""The counts of this process, as a process has them that brings them to Redis."""

from collections.abc import Iterator

import pytest

from worker.tally.tally import TALLY, Tally


@pytest.fixture
def counting() -> Iterator[Tally]:
    """This process's counts, which are not brought to Redis by themselves."""
    TALLY.take()
    TALLY.is_open = True
    yield TALLY
    TALLY.is_open = False
    TALLY.take()
