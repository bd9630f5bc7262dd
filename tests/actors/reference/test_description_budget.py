"""The description of a photo counts in the budgets, where its price is said, and waits for room in them."""

from typing import Any

import pytest
from own_account import Api
from photo_briefs import accept_photo
from stepping import Flow

from config import keys
from worker.lifecycle.charges import take_apart
from worker.lifecycle.recovery import OperationRefusedError
from worker.operations.operator import Operator
from worker.views import snapshots

EXTRACT = "POST /preset/extract-from-image"
ACCOUNT = keys.RECORD("account:default")


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "IDENTITY_WORKER_EXTRACTION_CREDITS": "3"}


def spent(flow: Flow) -> Any:
    return flow.client.hget(keys.BUDGET("b"), "spent"), flow.client.hgetall(keys.BATCH_RESERVATIONS("b"))


def test_a_description_waits_until_its_batchs_budget_is_raised(flow: Flow, api: Api) -> None:
    flow.ledger.set_budget("b", "default", 5, "tester")
    one = accept_photo(flow, kind="description", batch="b")
    two = accept_photo(flow, kind="description", batch="b", metadata={"n": 2})
    assert flow.finish(one).state == "done"
    flow.steps.until(lambda: flow.brief(two).get("error"))
    assert "budget" in str(flow.brief(two).get("error"))
    assert (flow.brief(two).state, api.requests(EXTRACT), spent(flow)) == ("preparing", 1, ("3", {}))
    flow.ledger.set_budget("b", "default", 6, "tester")
    assert flow.finish(two).get("error") is None
    assert (api.requests(EXTRACT), spent(flow)) == (2, ("6", {}))
    assert flow.client.exists(keys.WAITING("default", "prepare")) == 0


def test_a_description_under_way_is_reserved_in_both_budgets(flow: Flow, api: Api) -> None:
    flow.ledger.set_limits("default", {"budget": "5"}, "tester")
    flow.ledger.set_budget("b", "default", 100, "tester")
    api.fault("drop_response", path="/preset/extract-from-image")
    lost = accept_photo(flow, kind="description", batch="b")
    flow.until(lost, "held")
    # Its outcome is unknown: it may have been charged.
    assert spent(flow) == (None, {f"brief:{lost}": "3"})
    other = accept_photo(flow, kind="description", brief_id="other")
    flow.steps.until(lambda: flow.brief(other).get("error"))
    assert api.requests(EXTRACT) == 1
    flow.ledger.set_limits("default", {"budget": "6"}, "tester")
    assert flow.finish(other).state == "done"
    assert flow.client.hget(ACCOUNT, "spent") == "3"


def test_a_lost_description_is_spent_as_it_is_given_up(flow: Flow, api: Api) -> None:
    flow.ledger.set_budget("b", "default", 100, "tester")
    api.fault("drop_response", path="/preset/extract-from-image")
    lost = accept_photo(flow, kind="description", batch="b")
    operator = Operator(flow.client, flow.settings, "test")
    operator.give_up(flow.until(lost, "held"), "3 perhaps")
    assert (flow.brief(lost).state, spent(flow)) == ("failed", ("3", {}))
    with pytest.raises(OperationRefusedError, match="may have been paid for"):
        operator.retry(flow.brief(lost), take_apart(snapshots.journal(flow.client, lost)))
    assert (api.requests(EXTRACT), spent(flow)) == (1, ("3", {}))


def test_a_description_that_waits_for_credits_keeps_nothing_reserved(flow: Flow, api: Api) -> None:
    flow.ledger.set_budget("b", "default", 5, "tester")
    api.refuse("/preset/extract-from-image", 402, {"error": "Insufficient credits"})
    waiting = accept_photo(flow, kind="description", batch="b")
    flow.steps.until(lambda: flow.brief(waiting).get("error"))
    assert (flow.brief(waiting).state, spent(flow)) == ("preparing", (None, {}))


def test_what_the_api_refuses_frees_what_was_reserved(flow: Flow, api: Api) -> None:
    flow.ledger.set_budget("b", "default", 5, "tester")
    api.refuse("/preset/extract-from-image", 400, {"error": "no face"})
    refused = accept_photo(flow, kind="description", batch="b")
    assert flow.finish(refused).state == "failed"
    assert spent(flow) == (None, {})
