"""The unfinished briefs of an account are read once for all accounts, and none is left out."""

import pytest
from stepping import Flow

from config import keys
from worker.ledger.transition import Transition
from worker.lifecycle.charges import take_apart
from worker.operations.operator import Operator
from worker.unresolved.unfinished import Unfinished

STATES = ("preparing", "waiting", "uncertain")
ACCOUNTS = [f"account-{number}" for number in range(5)]


@pytest.fixture
def many(flow: Flow) -> Flow:
    """The flow with three briefs of each of five accounts."""
    for name in ACCOUNTS:
        flow.client.set(keys.LEASE(name), "a listener that knows it", px=600_000)
        for number in range(3):
            flow.accept(brief_id=f"{name}-{number}", account=name)
    return flow


def of(name: str, *numbers: int) -> list[str]:
    return [f"{name}-{number}" for number in numbers]


def retry(flow: Flow, brief_id: str) -> None:
    Operator(flow.client, flow.settings, "a person").retry(flow.brief(brief_id), take_apart([]))


def test_all_briefs_are_read_once_for_all_accounts(many: Flow) -> None:
    unfinished = Unfinished(many.client)
    for _ in range(2):
        assert {name: unfinished.of(name, STATES) for name in ACCOUNTS} == {
            name: of(name, 0, 1, 2) for name in ACCOUNTS
        }
    assert unfinished.of("nobody", STATES) == []
    assert unfinished.passes == 1


def test_a_brief_that_has_come_since_is_found_without_reading_all(many: Flow) -> None:
    unfinished = Unfinished(many.client)
    unfinished.of(ACCOUNTS[0], STATES)
    many.accept(brief_id=f"{ACCOUNTS[1]}-3", account=ACCOUNTS[1])
    assert unfinished.of(ACCOUNTS[1], STATES) == of(ACCOUNTS[1], 0, 1, 2, 3)
    assert unfinished.passes == 1


def test_a_brief_that_is_retried_since_is_found_by_reading_all(many: Flow) -> None:
    name = ACCOUNTS[2]
    retried = f"{name}-1"
    many.ledger.apply(many.brief(retried), Transition("failed", fields={"error": "x"}))
    unfinished = Unfinished(many.client)
    assert unfinished.of(name, STATES) == of(name, 0, 2)
    retry(many, retried)
    assert many.brief(retried).state == "waiting"
    assert sorted(unfinished.of(name, STATES)) == of(name, 0, 1, 2)
    assert unfinished.passes == 2
    unfinished.forget(name)
    assert sorted(unfinished.of(name, STATES)) == of(name, 0, 1, 2)


def test_what_is_not_counted_is_among_them_and_hides_no_other(many: Flow) -> None:
    """As an older version has put it on record: it is no stand-in for one that was left out."""
    name = ACCOUNTS[3]
    many.ledger.apply(many.brief(f"{name}-0"), Transition("failed", fields={"error": "x"}))
    unfinished = Unfinished(many.client)
    many.client.hdel(keys.RECORD(f"brief:{name}-2"), "counted")
    many.client.hincrby(keys.COUNTS(name), "waiting::", -1)
    assert unfinished.of(name, STATES) == of(name, 1, 2)
    retry(many, f"{name}-0")
    assert sorted(unfinished.of(name, STATES)) == of(name, 0, 1, 2)
