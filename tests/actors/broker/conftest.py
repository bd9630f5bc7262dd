"""A broker as other programs have it, and ours."""

from collections.abc import Iterator

import pytest
from dramatiq.brokers.redis import RedisBroker
from stepping import stock_broker

from actors.broker.broker import Broker
from worker.store.connection import connect_bytes


@pytest.fixture
def stock(redis_url: str) -> Iterator[RedisBroker]:
    """A broker as other programs have it."""
    with connect_bytes(redis_url) as client:
        yield stock_broker(client)


@pytest.fixture
def ours(redis_url: str) -> Iterator[Broker]:
    broker = Broker(redis_url, prefetch=1)
    yield broker
    broker.client.close()
