"""The flow with a listener."""

from collections.abc import Iterator

import pytest
from stepping import Flow, listening


@pytest.fixture
def live(flow: Flow, redis_url: str) -> Iterator[Flow]:
    """The flow with a listener, so that events and timers set its steps off."""
    with listening(flow.settings, flow.api, redis_url):
        yield flow
