"""The inlet with its secrets, and a brief that waits for an event."""

from collections.abc import Callable, Iterator

import pytest
import redis
from stepping import Flow
from support import eventually, everything
from web_inlet import Web, serving

from config.recorded import schema
from config.settings import Settings
from worker.operations.migrating import standing
from worker.piktid.webhook_signatures import SecretStore


@pytest.fixture
def store(settings: Settings) -> SecretStore:
    return SecretStore(settings.secrets)


@pytest.fixture
def web(settings: Settings, redis_url: str) -> Iterator[Web]:
    with serving(settings, redis_url) as running:
        yield running


@pytest.fixture
def generating(flow: Flow) -> str:
    """The job of a brief whose drafts are being made."""
    brief_id = flow.accept()
    return flow.until(brief_id, "generating").fields["job_id"]


@pytest.fixture
def unchanged(client: "redis.Redis", web: Web) -> Callable[[], bool]:
    """Return what tells whether all of Redis is as it was when this was first asked."""
    # `web` brings the ledger to its schema beside all else.
    eventually(client, lambda: standing(client).number == schema.present())
    before: list[dict[str, bytes | None]] = []

    def check() -> bool:
        before.append(everything(client))
        return before[-1] == before[0]

    return check
