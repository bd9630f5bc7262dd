"""A Redis whose requests and answers can be lost."""

from collections.abc import Iterator

import pytest

from tests.chaos.harness.cutting import Cutting, cutting


@pytest.fixture
def proxy(redis_url: str) -> Iterator[Cutting]:
    """A proxy in front of the test's Redis."""
    with cutting(redis_url) as proxy:
        yield proxy
