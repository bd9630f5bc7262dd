"""An installation that has become one of two shards, whose accounts are all in the first yet."""

import pytest
from moved_account import fill

from config import keys
from config.recorded.schema import present
from config.settings import Settings
from worker.ledger.ledger import Ledger
from worker.shards.merged import clients_of
from worker.shards.shards import Shards


@pytest.fixture
def grown(shards: Shards, sharded: Settings) -> Settings:
    """Return its settings; the first of its shards has all accounts and their briefs."""
    shards.client(0).hset(keys.SHARDS(), "count", 1)
    for client in clients_of(shards.reading):
        client.hset(keys.SCHEMA(), "number", present())
    fill(Ledger(shards.client(0), sharded), sharded)
    return sharded
