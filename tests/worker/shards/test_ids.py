"""Of several shards an id is one brief: the first account has it, unless its brief has cost nothing."""

from collections.abc import Iterator

import pytest
import redis
from pydantic import SecretStr
from support import brief, events

from config import keys
from config.accounts.account import Account
from config.settings import Settings
from config.shards import shard_of
from worker.ledger.arrivals import Outcome
from worker.ledger.ledger import Ledger
from worker.ledger.library import ledger_library
from worker.lifecycle import acceptance
from worker.lifecycle.acceptance import Accepted
from worker.shards.ids import Ids, _give_way
from worker.shards.merged import clients_of
from worker.shards.shards import Shards, shards_of
from worker.store.functions import Functions

ONE, OTHER = (next(f"a{n}" for n in range(99) if shard_of(f"a{n}", 2) == shard) for shard in (0, 1))
ACCOUNTS = {name: Account(name=name, token=SecretStr(name)) for name in (ONE, OTHER)}


@pytest.fixture
def sharded(settings: Settings) -> Settings:
    """Return the settings of an installation of two shards."""
    return settings.model_copy(update={"namespace": "{ids}:", "shards": 2})


@pytest.fixture
def shards(redis_url: str, sharded: Settings) -> Iterator[Shards]:
    """Return the shards; their keys are gone afterwards."""
    with shards_of(redis_url, sharded) as found:
        yield found
        for client in clients_of(found.reading):
            client.flushdb()


def arrive(shards: Shards, settings: Settings, account: str, **fields: object) -> Accepted:
    """Let a brief arrive in the shard of its account."""
    its = settings.model_copy(update={"shard": shards.of(account)})
    ledger, ids = Ledger(shards.client(shards.of(account)), its), Ids(shards, its)
    raw = brief(**{"brief_id": "b", "account": account, **fields})
    return acceptance.accept(ledger, ACCOUNTS, its, raw, "m", elsewhere=ids.held_by_another)


def test_the_id_of_a_brief_is_anothers_in_no_shard(shards: Shards, sharded: Settings) -> None:
    assert arrive(shards, sharded, ONE).arrived.outcome is Outcome.ACCEPTED
    second = arrive(shards, sharded, OTHER)
    assert (second.arrived.outcome, second.arrived.differs) == (Outcome.CONFLICT, ("account",))
    assert second.arrived.state == "waiting"
    assert [each["type"] for each in events(shards.client(1))] == ["identity.brief.conflict"]
    assert not shards.client(1).exists(keys.RECORD("brief:b"))
    assert arrive(shards, sharded, ONE).arrived.outcome is Outcome.SAME


def test_one_that_has_cost_nothing_gives_way(shards: Shards, sharded: Settings) -> None:
    assert arrive(shards, sharded, ONE, priority=1_000).arrived.outcome is Outcome.ACCEPTED  # and failed
    assert arrive(shards, sharded, OTHER).arrived.outcome is Outcome.ACCEPTED
    assert not shards.client(0).exists(keys.RECORD("brief:b"))
    assert shards.client(1).hget(keys.RECORD("brief:b"), "state") == "waiting"
    assert arrive(shards, sharded, ONE).arrived.outcome is Outcome.CONFLICT
    assert shards.reading.zcard(keys.BRIEFS()) == 1
    assert shards.client(0).pttl(keys.JOURNAL("b")) > 0


def test_one_on_its_way_keeps_its_id_and_one_gone_not(shards: Shards, sharded: Settings) -> None:
    ids = Ids(shards, sharded)
    assert ids.held_by_another("b", ONE) is None  # killed before its brief was on record
    assert ids.held_by_another("b", OTHER) == "accepted"
    keeper = shards.client(shard_of("b", 2))
    since, account = str(keeper.get(keys.HOME("b"))).split()
    keeper.set(keys.HOME("b"), f"{int(since) - 86_400_001} {account}", px=1_000_000)
    assert ids.held_by_another("b", OTHER) is None
    assert ids.held_by_another("b", ONE) == "accepted"


def test_killed_in_between_another_run_ends_the_same(shards: Shards, sharded: Settings) -> None:
    arrive(shards, sharded, ONE, priority=1_000)
    gives_way = Functions(shards.client(0), ledger_library(sharded))
    assert [gives_way.run(_give_way("b")) for _ in range(2)] == ["free", "free"]
    keeper = shards.client(shard_of("b", 2))
    assert str(keeper.get(keys.HOME("b"))).endswith(ONE)  # its account has not changed yet
    assert arrive(shards, sharded, OTHER).arrived.outcome is Outcome.ACCEPTED
    assert str(keeper.get(keys.HOME("b"))).endswith(OTHER)


def test_without_shards_nothing_is_asked(ledger: Ledger, redis_url: str, client: "redis.Redis") -> None:
    with Shards(redis_url, "") as one:
        assert Ids(one, ledger.settings).held_by_another("b", ONE) is None
    assert client.keys(keys.HOME("*")) == []
