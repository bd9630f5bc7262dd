"""An account without limits."""

import pytest
import redis
from desk import Desk

from config import keys
from config.settings import Settings
from worker.ledger.library import ledger_library
from worker.store.functions import Functions

ACCOUNT = "default"


@pytest.fixture
def desk(client: "redis.Redis") -> Desk:
    desk = Desk(client, Functions(client, ledger_library(Settings(speed=1))))
    # Long after the test: counting the library would be one step more among those that the test takes.
    client.zadd(keys.TIMERS(), {f"library:{ACCOUNT}": 4e12})
    desk.limit()
    return desk
