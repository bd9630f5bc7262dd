"""Of several shards an id is one brief: the first account has it, unless its brief has cost nothing."""

import redis
from support import brief, events
from two_shards import ACCOUNTS, ONE, OTHER

from config import keys
from config.settings import Settings
from config.shards import shard_of
from worker.callers.gate import Gate
from worker.callers.tokens import Caller, Role
from worker.ledger.arrivals import Outcome
from worker.ledger.ledger import Ledger
from worker.ledger.library import ledger_library
from worker.lifecycle import acceptance
from worker.lifecycle.acceptance import Accepted
from worker.shards.ids import Ids, _give_way
from worker.shards.shards import Shards
from worker.store.functions import Functions


def arrive(
    shards: Shards, settings: Settings, account: str, gate: Caller | None = None, **fields: object
) -> Accepted:
    """Let a brief arrive in the shard of its account; `gate` is whose inlet it comes by."""
    its = settings.model_copy(update={"shard": shards.of(account)})
    ledger, ids = Ledger(shards.client(shards.of(account)), its), Ids(shards, its)
    raw = brief(**{"brief_id": "b", "account": account, **fields})
    bound = gate and Gate(ledger, gate, Ledger(shards.client(0), settings))
    message = acceptance.Message(raw, "m", inlet=gate and gate.name)
    return acceptance.accept(ledger, ACCOUNTS, its, message, elsewhere=ids.held_by_another, gate=bound)


def test_the_id_of_a_brief_is_anothers_in_no_shard(shards: Shards, sharded: Settings) -> None:
    assert arrive(shards, sharded, ONE).arrived.outcome is Outcome.ACCEPTED
    second = arrive(shards, sharded, OTHER)
    assert (second.arrived.outcome, second.arrived.differs) == (Outcome.CONFLICT, ("account",))
    assert second.arrived.state == "waiting"
    assert [each["type"] for each in events(shards.client(1))] == ["identity.brief.conflict"]
    assert not shards.client(1).exists(keys.RECORD("brief:b"))
    assert arrive(shards, sharded, ONE).arrived.outcome is Outcome.SAME


def test_a_brief_that_has_cost_nothing_gives_way(shards: Shards, sharded: Settings) -> None:
    assert arrive(shards, sharded, ONE, priority=1_000).arrived.outcome is Outcome.ACCEPTED  # and failed
    assert arrive(shards, sharded, OTHER).arrived.outcome is Outcome.ACCEPTED
    assert not shards.client(0).exists(keys.RECORD("brief:b"))
    assert shards.client(1).hget(keys.RECORD("brief:b"), "state") == "waiting"
    assert arrive(shards, sharded, ONE).arrived.outcome is Outcome.CONFLICT
    assert shards.reading.zcard(keys.BRIEFS()) == 1
    assert shards.client(0).pttl(keys.JOURNAL("b")) > 0


def test_a_brief_on_its_way_keeps_its_id_a_gone_one_not(shards: Shards, sharded: Settings) -> None:
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


def test_what_comes_by_an_inlet_takes_no_id_of_others(shards: Shards, sharded: Settings) -> None:
    partner = Caller("partner", Role.CALLER, credits_a_day=100)
    arrive(shards, sharded, ONE, priority=1_000)  # failed, and by no inlet
    second = arrive(shards, sharded, OTHER, gate=partner)
    assert (second.arrived.outcome, second.arrived.state) == (Outcome.CONFLICT, "failed")
    assert shards.client(0).exists(keys.RECORD("brief:b"))


def test_an_inlets_brief_whose_id_another_shard_has_costs_it_nothing(
    shards: Shards, sharded: Settings
) -> None:
    partner, first = Caller("partner", Role.CALLER, credits_a_day=100), shards.client(0)
    arrive(shards, sharded, ONE)
    assert arrive(shards, sharded, OTHER, gate=partner).arrived.outcome is Outcome.CONFLICT
    assert not list(first.scan_iter(keys.CALLER_CREDITS("partner", "*")))
    assert arrive(shards, sharded, OTHER, gate=partner, brief_id="c").arrived.outcome is Outcome.ACCEPTED
    (spent,) = first.scan_iter(keys.CALLER_CREDITS("partner", "*"))
    assert first.get(str(spent)) == "50"


def test_without_shards_nothing_is_asked(ledger: Ledger, redis_url: str, client: "redis.Redis") -> None:
    with Shards(redis_url, "") as one:
        assert Ids(one, ledger.settings).held_by_another("b", ONE) is None
    assert client.keys(keys.HOME("*")) == []
