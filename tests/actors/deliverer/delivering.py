"""A deliverer in this process, endpoints of receivers on this machine, and what is on record of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stepping import Flow, in_loop
from support import eventually

from actors.deliverer.deliverer import Deliverer
from config import keys
from config.settings import Settings
from tests.worker.hooks.receivers import Receiver
from worker.hooks.endpoints import Endpoint
from worker.hooks.operating import Endpoints
from worker.hooks.standing import Standing, standings


def private(flow: Flow) -> Settings:
    """Return settings by which receivers on this machine may be sent to."""
    return flow.settings.model_copy(update={"hooks_private": True})


def add(flow: Flow, receiver: Receiver, name: str = "shop", **more: Any) -> Endpoint:
    """Add a receiver as an endpoint, whose secret is made for it."""
    endpoint = Endpoint(name, receiver.url, **more)
    made = Endpoints(flow.client, private(flow), "me").add(endpoint)
    if made is not None:
        receiver.secrets = [made]
    return endpoint


def standing(flow: Flow, name: str = "shop") -> Standing:
    """Return how an endpoint fares."""
    _, found = standings(flow.client)
    return next(each for each in found if each.endpoint.name == name)


def sent(flow: Flow) -> bool:
    """Whether every event was handed on, and nothing waits for any endpoint."""
    last: Any = flow.client.xrevrange(keys.EVENTS(), count=1)
    cursor = flow.client.hget(keys.HOOKS_AT(), "cursor")
    return cursor == last[0][0] and not any(each.waiting for each in standings(flow.client)[1])


def until_sent(flow: Flow) -> None:
    """Wait until nothing waits."""
    eventually(flow.client, lambda: sent(flow))


@contextmanager
def delivering(flow: Flow) -> Iterator[None]:
    """Run a deliverer in a thread of this process for the length of the block."""
    with running_with(private(flow)):
        yield


@contextmanager
def running_with(settings: Settings) -> Iterator[None]:
    """Run one with these settings."""
    url = settings.redis_url
    assert url is not None
    with in_loop("deliverer", Deliverer(settings, url.get_secret_value()).run):
        yield
