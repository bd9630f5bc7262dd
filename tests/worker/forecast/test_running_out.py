"""What an account will run out of, by what waits for it."""

import redis
from stepping import Flow

from config import keys
from config.accounts.names import DEFAULT
from worker.forecast.running_out import running_out


def queue(flow: Flow, briefs: int, **limits: str) -> None:
    """Let so many briefs wait that nothing starts."""
    flow.accept(brief_id="runs")
    flow.ledger.set_limits(DEFAULT, {"jobs": "1", **limits}, "a test")
    for number in range(briefs):
        flow.accept(brief_id=f"waits-{number}")


def test_credits_are_enough_for_some_of_those_that_wait(flow: Flow, client: "redis.Redis") -> None:
    queue(flow, 4)
    (found,) = running_out(client, flow.settings, DEFAULT, 120.0)
    assert (found.what, found.enough_for, found.waiting) == ("credits", 2, 4)
    assert found.at is not None
    assert running_out(client, flow.settings, DEFAULT, 200.0) == []
    assert running_out(client, flow.settings, DEFAULT, None) == []


def test_the_price_of_drafts_so_far_counts(flow: Flow, client: "redis.Redis") -> None:
    queue(flow, 4)
    client.hset(keys.RECORD(f"account:{DEFAULT}"), mapping={"drafts_made": 2, "drafts_credits": 20})
    (found,) = running_out(client, flow.settings, DEFAULT, 239.0)
    assert found.enough_for == 3


def test_slots_and_the_budget_of_the_account_count_as_well(flow: Flow, client: "redis.Redis") -> None:
    queue(flow, 4, slots="3", budget="120")
    found = {each.what: each.enough_for for each in running_out(client, flow.settings, DEFAULT, 1_000.0)}
    # The one that runs has reserved a slot, and what its identity will cost.
    assert found == {"credits": 1, "slots": 2}


def test_where_nothing_waits_nothing_runs_out(flow: Flow, client: "redis.Redis") -> None:
    queue(flow, 0)
    assert running_out(client, flow.settings, DEFAULT, 0.0) == []
