"""What the tests of listeners share."""

import pytest
from support import DEADLINE

from actors.listener import following


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no stream for dead: one that this machine has no time for would be opened again, and counted."""
    monkeypatch.setattr(following, "_LEAST_SILENCE", DEADLINE)
