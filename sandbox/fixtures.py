"""For pytest: import `sandbox` from here into a conftest, and each test gets a sandbox of its own."""

from collections.abc import Iterator

import pytest

from sandbox.handle import Sandbox
from sandbox.server import running

#: A minute of the API lasts under a second.
SPEED = 100


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox, stopped after the test."""
    with running(speed=SPEED) as instance:
        yield instance
