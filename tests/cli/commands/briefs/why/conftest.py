"""A worker that lives, and a listener that follows the account."""

import pytest
import redis

from config import keys

LEASE = keys.LEASE("default")
#: A last sign of life that is never long ago.
LATE = 4_000_000_000_000


@pytest.fixture(autouse=True)
def followed(request: pytest.FixtureRequest, client: "redis.Redis") -> None:
    """Let a worker live, and a listener follow the account where the test runs none."""
    client.zadd(keys.WORKERS(), {"a worker": LATE})
    if "heard" not in request.fixturenames:
        client.set(LEASE, "a listener", px=600_000)
