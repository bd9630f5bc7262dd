"""An account moves to another shard with all that is on record of it; killed, another run ends it."""

import pytest
import redis
from killed_calls import KilledError, killed_at
from moved_account import NAME, STAYS, brief, left_of, standing
from two_shards import ACCOUNTS

from config import keys
from config.recorded.schema import present
from config.settings import Settings
from worker.ledger.ledger import Ledger
from worker.ledger.records import brief_subject
from worker.lifecycle import acceptance, transitions
from worker.shards.ids import Ids
from worker.shards.merged import home_of
from worker.shards.moving import MoveError, Moving, planned
from worker.shards.shards import Shards
from worker.store.outages import is_outage
from worker.views import account_reading


def test_all_of_it_is_in_the_other_shard_and_told_the_same(shards: Shards, grown: Settings) -> None:
    before = standing(shards.reading)
    (move,) = planned(shards)
    assert move == (NAME, 0, 1)
    Moving(shards, grown).move(move, 0)
    assert standing(shards.reading) == before
    assert left_of(shards.client(0), NAME) == {keys.LEFT(NAME)}
    assert shards.client(0).hget(keys.BUDGET("b"), "open") == "3"
    assert shards.client(1).hgetall(keys.BUDGET("only")) == {"allowed": "500", "open": "1"}
    assert shards.client(1).hget(keys.BUDGET("b"), "open") == "3"
    assert home_of(shards.reading, NAME) is shards.client(1)
    assert home_of(shards.reading, STAYS) is shards.client(0)
    assert list(planned(shards)) == []


def test_what_was_woken_is_woken_there(shards: Shards, grown: Settings) -> None:
    (move,) = planned(shards)
    woken = {each.subject for each in account_reading.report(shards.client(0), NAME).jobs}
    Moving(shards, grown).move(move, 0)
    soon = shards.client(1).time()[0] * 1000 + 1000
    assert woken
    assert woken <= set(shards.client(1).zrange(keys.TIMERS(), "-inf", soon, byscore=True))


def test_a_process_that_has_not_heard_of_a_move_begins_nothing(shards: Shards, grown: Settings) -> None:
    ledger = Ledger(shards.client(0), grown)
    waiting = [ledger.read(brief_subject(f"{NAME}-{number}")) for number in range(6)]
    granted = next(each for each in waiting if each is not None and each.get("granted_at"))
    (move,) = planned(shards)
    Moving(shards, grown).move(move, 0)
    claim = transitions.submitting(granted, granted.json("body"), 0.0, 1_000)
    assert ledger.apply(granted, claim) == "conflict"
    with pytest.raises(redis.ResponseError, match="GONE account") as refused:
        acceptance.accept(
            ledger, ACCOUNTS, grown, acceptance.Message(brief(brief_id="late", account=NAME), "m")
        )
    assert is_outage(refused.value)  # so its message is given back, and handed on
    ledger.configure([ACCOUNTS[NAME]])
    assert left_of(shards.client(0), NAME) == {keys.LEFT(NAME)}


def test_an_account_whose_paid_call_may_be_under_way_stays(shards: Shards, grown: Settings) -> None:
    record = keys.RECORD(brief_subject(f"{NAME}-0"))
    shards.client(0).hset(record, "state", "submitting")
    (move,) = planned(shards)
    tries: list[float] = []
    before = standing(shards.client(0))
    with pytest.raises(MoveError, match=f"a paid call of brief:{NAME}-0 may be under way"):
        Moving(shards, grown, tries.append).move(move, 0)
    assert standing(shards.client(0)) == before

    def ended(seconds: float) -> None:
        tries.append(seconds)
        shards.client(0).hset(record, "state", "waiting")

    Moving(shards, grown, ended).move(move, 60)
    assert len(tries) == 1


def test_an_account_of_an_older_schema_stays_until_it_is_migrated(shards: Shards, grown: Settings) -> None:
    shards.client(0).hset(keys.SCHEMA(), "number", present() - 1)
    (move,) = planned(shards)
    with pytest.raises(MoveError, match="brought to the schema of this release"):
        Moving(shards, grown).move(move, 0)
    Moving(shards, grown, lambda _: migrated(shards)).move(move, 60)


def migrated(shards: Shards) -> None:
    """Let the first shard be of the present schema."""
    shards.client(0).hset(keys.SCHEMA(), "number", present())


def test_an_account_whose_batch_shares_a_budget_stays(shards: Shards, grown: Settings) -> None:
    Ledger(shards.client(0), grown).set_budget("b", NAME, 500, "test")
    (move,) = planned(shards)
    with pytest.raises(MoveError, match="batch b has a budget"):
        Moving(shards, grown).move(move, 0)


def test_an_account_comes_back_and_goes_again(shards: Shards, grown: Settings) -> None:
    before = standing(shards.reading)
    (move,) = planned(shards)
    for each in (move, move._replace(source=1, target=0), move):
        Moving(shards, grown).move(each, 0)
        assert standing(shards.reading) == before
    assert left_of(shards.client(0), NAME) == {keys.LEFT(NAME)}
    assert not left_of(shards.client(1), NAME) & {keys.LEFT(NAME), keys.LEAVING(NAME)}


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_call_another_run_ends_it(shards: Shards, grown: Settings, after: bool) -> None:
    first = {name: shards.client(0).dump(name) for name in shards.client(0).scan_iter()}
    before, calls = standing(shards.reading), 0
    while True:
        calls += 1
        with pytest.MonkeyPatch.context() as patch:
            killed_at(calls, patch, after=after)
            try:
                for move in planned(shards):
                    Moving(shards, grown).move(move, 0)
            except KilledError:
                pass
            else:
                break
        for move in planned(shards):
            Moving(shards, grown).move(move, 0)
        assert standing(shards.reading) == before, f"killed at call {calls}"
        assert left_of(shards.client(0), NAME) == {keys.LEFT(NAME)}
        shards.client(0).flushdb()
        for name, dumped in first.items():
            shards.client(0).restore(name, 0, dumped)
    assert calls > 10


def test_ids_of_before_there_were_shards_are_noted(shards: Shards, grown: Settings) -> None:
    ids = Ids(shards, grown)
    ids.note_all()
    ids.note_all()
    assert ids.held_by_another(f"{NAME}-0", STAYS) == "waiting"
    assert ids.held_by_another(f"{NAME}-0", NAME) is None


def test_ids_stay_those_of_the_account(shards: Shards, grown: Settings) -> None:
    assert Ids(shards, grown).held_by_another("x", NAME) is None
    (move,) = planned(shards)
    Moving(shards, grown).move(move, 0)
    assert Ids(shards, grown).held_by_another("x", STAYS) == "accepted"
    assert Ids(shards, grown).home_of("x") == 1
