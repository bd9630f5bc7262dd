"""A copy that nobody told of: a worker starts where all others fell silent, on a server that began anew."""

from collections.abc import Callable

import pytest
from forgetting import past
from stepping import Flow

from actors.broker.broker import Broker
from actors.runtime import runtime
from config import durations, keys
from config.accounts.names import DEFAULT
from worker.unresolved.past import suspect


def silent(flow: Flow, ms: int) -> None:
    """Let the only worker on record have fallen silent so long ago, on the server before."""
    assert DEFAULT in runtime().accounts
    flow.client.zadd(keys.WORKERS(), {"one": flow.ledger.now() - ms})
    flow.client.hset(keys.HISTORY(), mapping={"id": "f" * 40, "claimed_at": 5})


def test_workers_that_fell_silent_together_tell_of_a_copy(flow: Flow) -> None:
    silent(flow, durations.REPLAY_KEPT_MS + 1_000)
    forgotten = flow.functions.run(suspect("test"))
    assert forgotten is not None
    assert (forgotten.since, forgotten.accounts) == (5, ("default",))
    assert "never signed out" in past(flow)["past"]


def signed_out(flow: Flow) -> None:
    flow.client.delete(keys.WORKERS())


def not_silent_for_long(flow: Flow) -> None:
    silent(flow, durations.REPLAY_KEPT_MS - 60_000)


def on_the_same_server(flow: Flow) -> None:
    flow.client.hset(keys.HISTORY(), "id", flow.client.info("replication")["master_replid"])


@pytest.mark.parametrize("otherwise", [signed_out, not_silent_for_long, on_the_same_server])
def test_a_restart_is_taken_for_no_copy(flow: Flow, otherwise: Callable[[Flow], None]) -> None:
    silent(flow, durations.REPLAY_KEPT_MS + 1_000)
    otherwise(flow)
    assert flow.functions.run(suspect("test")) is None
    assert past(flow) == {}


def test_a_worker_that_has_something_in_hand_stays_on_record(flow: Flow, redis_url: str) -> None:
    broker = Broker(redis_url)
    broker.tend()
    flow.accept(brief_id="b")
    (taken,) = broker.fetch(keys.STEPS, 9)
    broker.close()
    assert flow.client.zscore(keys.WORKERS(), broker.broker_id)
    broker.acknowledge(keys.STEPS, taken.id, [])
    broker.close()
    assert flow.client.zscore(keys.WORKERS(), broker.broker_id) is None
    broker.client.close()
