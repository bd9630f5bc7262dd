"""What is on record of an account: its limits, who changed them, and what pauses it."""

import json
from typing import Any

import pytest
import redis
from moved_records import accept
from pydantic import SecretStr
from support import stored

from config import keys
from config.accounts.account import Account
from config.limits import Limits
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Pause, Transition
from worker.views import account_reading

ACCOUNT = "default"


def configured(**limits: Any) -> Account:
    return Account(name=ACCOUNT, token=SecretStr("the token"), limits=Limits(**limits))


def caps(client: "redis.Redis") -> tuple[int, int]:
    seen = account_reading.summary(client, ACCOUNT)
    return seen.jobs_cap, seen.slots_cap


def changes(client: "redis.Redis") -> list[dict[str, Any]]:
    """The changes of the account's limits, newest first."""
    entries: Any = client.lrange(keys.CHANGES(ACCOUNT), 0, -1)
    return [json.loads(entry) for entry in entries]


def test_the_limits_of_an_account_are_put_on_record(client: "redis.Redis", ledger: Ledger) -> None:
    assert ledger.configure([configured(jobs=2, slots=7)])
    assert caps(client) == (2, 7)
    assert client.smembers(keys.ACCOUNTS()) == {ACCOUNT}
    assert "the token" not in repr(client.hgetall(keys.RECORD(f"account:{ACCOUNT}")))
    assert "the token" not in repr(changes(client))


def test_changed_limits_outlive_a_restart_but_not_a_new_configuration(
    client: "redis.Redis", ledger: Ledger
) -> None:
    ledger.configure([configured(jobs=2, slots=7)])
    ledger.set_limits(ACCOUNT, {"jobs": "3"}, by="me")
    assert not ledger.configure([configured(jobs=2, slots=7)])
    assert caps(client) == (3, 7)
    assert ledger.configure([configured(jobs=4, slots=7)])
    assert caps(client) == (4, 7)


def test_a_library_is_counted_at_first_and_not_at_each_start(client: "redis.Redis", ledger: Ledger) -> None:
    library = f"library:{ACCOUNT}"
    ledger.configure([configured(jobs=2)])
    due: Any = client.zscore(keys.TIMERS(), library)
    assert due <= ledger.now()
    client.zadd(keys.TIMERS(), {library: 4e12})
    ledger.configure([configured(jobs=3)])
    assert client.zscore(keys.TIMERS(), library) == 4e12


def test_a_new_configuration_leaves_alone_what_it_says_nothing_new_of(
    client: "redis.Redis", ledger: Ledger
) -> None:
    ledger.configure([configured(jobs=2, slots=7)])
    ledger.set_limits(ACCOUNT, {"jobs": "3"}, by="me")
    assert ledger.configure([configured(jobs=2, slots=8)])
    assert caps(client) == (3, 8)
    assert changes(client)[0]["limits"] == {"slots": "8"}


def test_a_weight_no_more_configured_is_gone_unless_a_person_set_it(
    client: "redis.Redis", ledger: Ledger
) -> None:
    def weights() -> dict[str, str]:
        fields: dict[str, str] = client.hgetall(keys.RECORD(f"account:{ACCOUNT}"))
        return {field: text for field, text in fields.items() if field.startswith("weight:")}

    ledger.configure([configured(weights={"a": 2, "b": 3})])
    ledger.set_limits(ACCOUNT, {"weight:mine": "4"}, by="me")
    assert ledger.configure([configured(weights={"b": 3})])
    assert weights() == {"weight:b": "3", "weight:mine": "4"}
    assert changes(client)[0]["removed"] == ["weight:a"]


def test_who_changed_limits_and_when_is_on_record(client: "redis.Redis", ledger: Ledger) -> None:
    before = ledger.now()
    ledger.configure([configured(jobs=2)])
    ledger.set_limits(ACCOUNT, {"jobs": "3"}, by="me")
    accept(ledger)
    ledger.apply(stored(ledger), Transition("failed", pause=Pause("pause", 60_000, "why", 401)))
    ledger.resume(ACCOUNT, by="you")
    ledger.resume(ACCOUNT, by="somebody who finds nothing paused")
    last, second, first = changes(client)
    assert (first["by"], second["by"], last["by"]) == ("configuration", "me", "you")
    assert (first["limits"]["jobs"], second["limits"], last["resumed"]) == ("2", {"jobs": "3"}, True)
    assert before <= first["at"] <= second["at"] <= last["at"] <= ledger.now()


@pytest.mark.parametrize("what", ["pause", "create", "promote", "prepare"])
def test_resuming_an_account_lifts_each_of_its_pauses(
    client: "redis.Redis", ledger: Ledger, what: str
) -> None:
    accept(ledger)
    ledger.apply(stored(ledger), Transition("failed", pause=Pause(what, 60_000, "why")))
    assert list(account_reading.summary(client, ACCOUNT).pauses) == [what]
    ledger.resume(ACCOUNT, by="me")
    assert account_reading.summary(client, ACCOUNT).pauses == {}


def test_resuming_an_account_tells_what_was_on_and_leaves_nothing(
    client: "redis.Redis", ledger: Ledger
) -> None:
    account = keys.RECORD(f"account:{ACCOUNT}")
    accept(ledger)
    ledger.apply(stored(ledger), Transition("failed", pause=Pause("pause", 60_000, "why", 401)))
    assert client.hget(account, "pause_status") == "401"
    over = {"create_until": "1", "create_count": "3", "create_reason": "over", "create_status": "429"}
    client.hset(account, mapping={**over, "working": "2", "working_until": "9" * 13})
    assert ledger.resume(ACCOUNT, by="me") == {"pause": "why", "working": "2"}
    gone = {*over, "working", "working_until", "pause_until", "pause_count", "pause_reason", "pause_status"}
    assert not gone & set(client.hgetall(account))
