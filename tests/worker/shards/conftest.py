"""An installation that has become one of two shards, whose accounts are all in the first yet."""

from collections.abc import Iterator

import pytest
from moved_account import fill

from config import keys
from config.recorded.schema import present
from config.settings import Settings
from worker.ledger.ledger import Ledger
from worker.shards.merged import clients_of
from worker.shards.shards import Shards, shards_of


@pytest.fixture
def grown(settings: Settings) -> Settings:
    """Return the settings of an installation that has become one of two shards."""
    return settings.model_copy(update={"namespace": "{move}:", "shards": 2})


@pytest.fixture
def shards(redis_url: str, grown: Settings) -> Iterator[Shards]:
    """Return its shards, the first of them with all accounts and their briefs; their keys go afterwards."""
    with shards_of(redis_url, grown) as found:
        found.client(0).hset(keys.SHARDS(), "count", 1)
        for client in clients_of(found.reading):
            client.hset(keys.SCHEMA(), "number", present())
        fill(Ledger(found.client(0), grown), grown)
        yield found
        found.client(0).flushdb()
