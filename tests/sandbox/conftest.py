"""Sandboxes on real sockets, shared by the tests; each test has an account of its own."""

from collections.abc import Iterator

import pytest
from sandbox_api import Api

from sandbox import Sandbox, running


@pytest.fixture(scope="session")
def still() -> Iterator[Sandbox]:
    """Time passes as on the wall, so no window moves during a test; jobs end at once."""
    with running(seed=1, drafts_median_seconds=0, preprocessing_median_seconds=0) as sandbox:
        yield sandbox


@pytest.fixture(scope="session", params=["guide", "docs"])
def moving(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Both dialects, fifty times as fast as the wall; jobs take some 0.2 s."""
    seconds = {"drafts_median_seconds": 10, "preprocessing_median_seconds": 10}
    with running(seed=1, speed=50, dialect=request.param, not_found_seconds=2, **seconds) as sandbox:
        yield sandbox


@pytest.fixture
def api(still: Sandbox, account_name: str) -> Iterator[Api]:
    """A client of the still sandbox."""
    with Api(still, account_name) as client:
        yield client


@pytest.fixture
def moving_api(moving: Sandbox, account_name: str) -> Iterator[Api]:
    """A client of the moving sandbox."""
    with Api(moving, account_name) as client:
        yield client
