"""The function libraries that the tests have and look for."""

from typing import Any

import redis

from config.settings import Settings
from worker.ledger.library import ledger_library
from worker.store.libraries import Library


def kept(days: float) -> Library:
    """The library of an installation that keeps finished briefs so long."""
    return ledger_library(Settings(speed=1, keep_days=days))


def loaded(client: "redis.Redis") -> set[str]:
    """The names of the libraries that a server has."""
    rows: Any = client.function_list()
    return {row[1] for row in rows}
