"""The listeners' leases: had by one, kept by signs of life, lost by silence, asked for and given."""

from itertools import pairwise

import pytest
import redis

from config import durations, keys
from worker.ledger import leases
from worker.ledger.leases import Kept, holder
from worker.store.functions import Functions

NOW = 1_000_000_000
#: When a listener that signed in at NOW is dead.
DEAD = NOW + durations.LEASE_MS + 1
NAMES = ["a", "b", "c"]


def kept(lost: str = "", asked: str = "", again: str = "", handled: str = "", listeners: int = 1) -> Kept:
    """What `keep` answers, with accounts of one letter each."""
    return Kept(listeners, list(lost), list(asked), list(again), list(handled))


def test_a_lease_is_had_and_given_back_by_one(functions: Functions) -> None:
    assert functions.run(leases.take(NAMES, "me", 2), NOW) == ["me", "me", ""]
    assert functions.run(leases.take(NAMES, "you", 3), NOW) == ["me", "me", "you"]
    assert functions.run(leases.release(NAMES, "you"), NOW) == 1
    assert functions.run(leases.take(NAMES, "me", 0), NOW) == ["me", "me", ""]


def test_a_taking_that_was_not_answered_is_repeated(functions: Functions) -> None:
    for _ in range(2):
        assert functions.run(leases.take(["a"], "me", 1), NOW) == ["me"]
    assert functions.run(leases.take(["a"], "me", 0), NOW) == ["me"]


def test_a_sign_of_life_keeps_all_leases_and_silence_loses_them(functions: Functions) -> None:
    functions.run(leases.take(NAMES, "me", 3), NOW)
    for earlier, later in pairwise([NOW, NOW + durations.LEASE_MS, NOW + 2 * durations.LEASE_MS]):
        functions.run(leases.keep([], "me"), earlier)
        assert functions.run(leases.take(NAMES, "you", 3), later) == ["me"] * 3
    assert functions.run(leases.take(NAMES, "you", 2), DEAD + durations.LEASE_MS) == ["you", "you", ""]


def test_a_frozen_listener_loses_just_what_others_took_meanwhile(
    client: "redis.Redis", functions: Functions
) -> None:
    functions.run(leases.take(NAMES, "me", 3), NOW)
    functions.run(leases.take(["b"], "you", 1), DEAD)
    heard = dict.fromkeys(NAMES, 0)
    answer = functions.run(leases.keep(NAMES, "me", heard=heard, renew=True, look=True), DEAD)
    assert answer == kept(lost="b", listeners=2)
    assert client.mget(map(keys.LEASE, NAMES)) == ["me", "you", "me"]
    assert [client.hget(keys.STREAM(name), "heard_at") for name in NAMES] == [str(DEAD), None, str(DEAD)]


def test_a_lease_that_redis_lost_is_kept_by_its_holder(client: "redis.Redis", functions: Functions) -> None:
    functions.run(leases.take(NAMES, "me", 3), NOW)
    client.delete(keys.LEASE("a"))
    assert functions.run(leases.keep(NAMES, "me"), NOW) == kept()
    assert client.get(keys.LEASE("a")) == "me"


def test_a_lease_ends_by_itself_for_older_listeners(client: "redis.Redis", functions: Functions) -> None:
    def left() -> int:
        return int(client.pttl(keys.LEASE("a")))

    functions.run(leases.take(["a"], "me", 1), NOW)
    assert 0 < left() <= durations.LEASE_KEPT_MS
    client.pexpire(keys.LEASE("a"), 60_000)
    functions.run(leases.keep(["a"], "me"), NOW)
    assert left() <= 60_000, "no write for each account whenever a listener signs in"
    functions.run(leases.keep(["a"], "me", renew=True), NOW)
    assert left() > durations.LEASE_KEPT_MS / 2


def test_the_lease_of_an_older_listener_is_left_to_its_end(
    client: "redis.Redis", functions: Functions
) -> None:
    client.set(keys.LEASE("a"), "an older one", px=60_000)
    assert functions.run(leases.take(["a"], "me", 1), NOW) == ["an older one"]
    client.delete(keys.LEASE("a"))
    assert functions.run(leases.take(["a"], "me", 1), NOW) == ["me"]


def test_a_lease_that_an_ending_listener_could_not_give_back_is_free(functions: Functions) -> None:
    functions.run(leases.take(["a", "b"], "me", 2), NOW)
    assert functions.run(leases.release(["a"], "me", out=True), NOW) == 1
    assert functions.run(leases.take(["a", "b"], "you", 2), NOW) == ["you", "you"]


def test_a_dead_listener_is_forgotten_once_no_lease_can_name_it(
    client: "redis.Redis", functions: Functions
) -> None:
    functions.run(leases.take(["a"], "me", 1), NOW)
    for later, known in ((durations.LEASE_KEPT_MS, 2), (2 * durations.LEASE_KEPT_MS + 1, 1)):
        functions.run(leases.keep([], "you", renew=True), NOW + later)
        assert client.zcard(keys.LISTENERS()) == known


def test_what_is_asked_for_is_the_askers_once_given_back(functions: Functions) -> None:
    functions.run(leases.take(NAMES, "me", 3), NOW)
    functions.run(leases.keep([], "you"), NOW)
    functions.run(leases.ask(["b", "c"], "you"), NOW)
    assert functions.run(leases.keep(NAMES, "me"), NOW) == kept(asked="bc", listeners=2)
    functions.run(leases.release(["b"], "me"), NOW)
    assert functions.run(leases.take(NAMES, "me", 1), NOW) == ["me", "you", "me"], "as if it had it already"
    assert functions.run(leases.take(["b"], "you", 1), NOW) == ["you"]


@pytest.mark.parametrize("signs_in", [False, True])
def test_nobody_waits_for_who_has_asked_and_died(functions: Functions, signs_in: bool) -> None:
    functions.run(leases.keep([], "you"), NOW)
    functions.run(leases.ask(["a", "b"], "you"), NOW)
    if signs_in:
        functions.run(leases.keep([], "you"), DEAD)
    assert functions.run(leases.take(["a"], "me", 1), DEAD) == ["me"]


def test_events_to_delete_are_looked_for_only_when_that_is_due(
    client: "redis.Redis", functions: Functions
) -> None:
    functions.run(leases.take(NAMES, "me", 3), NOW)
    client.zadd(keys.HANDLED("b"), {"7": NOW})
    client.pexpire(keys.HANDLED("b"), 60_000)
    assert functions.run(leases.keep(NAMES, "me"), NOW) == kept()
    assert functions.run(leases.keep(NAMES, "me", look=True), NOW) == kept(handled="b")


def test_a_sign_of_life_on_record_is_as_old_as_it_was(client: "redis.Redis", functions: Functions) -> None:
    functions.run(leases.take(NAMES, "me", 3), NOW)
    functions.run(leases.keep(NAMES, "me", heard={"b": 700}), NOW)
    assert client.hget(keys.STREAM("b"), "heard_at") == str(NOW - 700)
    assert not client.exists(keys.STREAM("a"))


def test_idling_takes_as_many_commands_for_any_number_of_accounts(
    client: "redis.Redis", functions: Functions
) -> None:
    def commands() -> int:
        return int(client.info("stats")["total_commands_processed"])

    def taken(accounts: int) -> list[int]:
        names = [f"account-{number}" for number in range(accounts)]
        functions.run(leases.take(names, "me", accounts))
        functions.run(leases.keep(names, "me", renew=True))
        counted = [commands()]
        functions.run(leases.keep(names, "me", look=True))
        counted.append(commands())
        functions.run(leases.take(names, "you", accounts))
        counted.append(commands())
        return [after - before for before, after in pairwise(counted)]

    functions.run(leases.keep([], "you"))  # who might ask for some
    assert taken(leases.MOST) == taken(1)


def test_the_holder_of_a_lease_is_told_by_its_signs_of_life() -> None:
    assert holder(None, {}, NOW) is None
    assert holder("me", {"me": NOW}, DEAD - 1) == "me"
    assert holder("me", {"me": NOW, "you": DEAD}, DEAD) is None
    assert holder("an older one", {"me": NOW}, DEAD) == "an older one"
