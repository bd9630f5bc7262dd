"""The ledger at the speed of production, with no API."""

import pytest
import redis

from config.settings import Settings
from worker.ledger.ledger import Ledger
from worker.ledger.library import ledger_library
from worker.store.functions import Functions


@pytest.fixture
def ledger(client: "redis.Redis") -> Ledger:
    return Ledger(client, Settings(speed=1))


@pytest.fixture
def functions(client: "redis.Redis") -> Functions:
    return Functions(client, ledger_library(Settings(speed=1)))
