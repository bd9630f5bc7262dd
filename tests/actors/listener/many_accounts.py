"""Several accounts of the sandbox, which listeners share."""

import time
from collections import Counter
from typing import Any

import redis
from own_account import Api
from support import DEADLINE

from config import keys

STREAM = "GET /notifications/events"
NAMES = [f"account-{number}" for number in range(7)]


def of(api: Api, name: str) -> Api:
    """One of these accounts, as the sandbox has it."""
    return Api(api.sandbox, f"{api.token}-{name}")


def shares(client: "redis.Redis") -> list[int]:
    """How many accounts each listener has, the fewest first."""
    held: Any = client.mget([keys.LEASE(name) for name in NAMES])
    return sorted(Counter(filter(None, held)).values())


def streams(api: Api) -> list[int]:
    """How many streams each account has open."""
    return [of(api, name).ledger()["open_streams"] for name in NAMES]


def opened(api: Api) -> list[int]:
    """How many streams each account had opened, ever."""
    return [of(api, name).requests(STREAM) for name in NAMES]


def wait_for_streams(api: Api, wanted: list[int]) -> None:
    """Wait until each account has so many streams open, where there is no Redis to ask."""
    until = time.monotonic() + DEADLINE
    while streams(api) != wanted:
        assert time.monotonic() < until, streams(api)
        time.sleep(0.05)
