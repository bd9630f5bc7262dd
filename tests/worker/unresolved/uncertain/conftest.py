"""An account that a listener follows, slow enough for replays to overlap."""

import pytest
from own_account import Api
from stepping import Flow
from support import eventually

from worker.unresolved.streams import read_stream


@pytest.fixture
def environment(environment: dict[str, str], api: Api) -> dict[str, str]:
    """Return the environment of a worker that is slow enough for replays to overlap on a busy machine."""
    api.set(backfill_seconds=100_000)
    return environment | {"IDENTITY_WORKER_SPEED": "50"}


ACCOUNT = "default"


@pytest.fixture
def followed(heard: Flow) -> Flow:
    """Return the flow with a listener that is in step with the account's stream."""
    eventually(heard.client, lambda: read_stream(heard.client, ACCOUNT).replayed_at)
    return heard
