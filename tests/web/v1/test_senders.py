"""Whose a brief is: who sent its id first, whichever way others send it in the same moment."""

import json

import pytest
from stepping import Flow
from support import brief
from v1.conftest import Callers

from config import keys
from worker.callers.gate import Gate
from worker.callers.tokens import Role

BRIEF = {"brief_id": "shop-1", "instructions": [{"prompt": "a sailor"}]}
OTHER = BRIEF | {"instructions": [{"prompt": "a pirate"}]}


def events(client: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/events").json()["events"]  # type: ignore[attr-defined]
    return found


def test_of_two_callers_of_one_id_at_once_one_is_let_in(
    callers: Callers, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has looked before the other has sent."""
    monkeypatch.setattr(Gate, "taken", lambda _, ids: [False] * len(ids))
    shop, other, anna = callers("shop"), callers("other"), callers("anna", Role.OPERATOR)
    assert shop.post("/briefs", json=BRIEF).status_code == 202
    refused = other.post("/briefs", json=OTHER)
    assert (refused.status_code, "another brief has the id" in refused.json()["detail"]) == (409, True)
    assert other.get("/briefs/shop-1").status_code == 404
    assert flow.client.llen(keys.QUEUE(keys.INLET)) == 1
    assert shop.post("/briefs", json=BRIEF).status_code == 202, "it is its own"
    assert anna.post("/briefs", json=OTHER | {"brief_id": "shop-1"}).status_code == 202, "who sees all anyway"


@pytest.mark.parametrize("same", [True, False])
def test_who_sends_an_id_that_is_queued_sees_no_brief(callers: Callers, flow: Flow, same: bool) -> None:
    shop = callers("shop")
    flow.broker.enqueue_briefs([json.dumps(brief(**BRIEF, metadata={"of": "others"}))])
    mine = brief(**BRIEF, metadata={"of": "others"}) if same else OTHER
    assert shop.post("/briefs", json=mine).status_code == 202
    flow.steps.run(keys.INLET)
    flow.steps.run(keys.INLET)
    assert shop.get("/briefs/shop-1").status_code == 404
    assert shop.post("/briefs/shop-1/cancel").status_code == 404
    assert events(shop) == []
    assert shop.post("/briefs", json=mine).status_code == 409
    assert flow.brief("shop-1").get("sender") is None


def test_a_caller_keeps_what_it_has_sent_and_may_correct_it(callers: Callers, flow: Flow) -> None:
    shop = callers("shop")
    assert shop.post("/briefs", json=BRIEF).status_code == 202
    assert shop.post("/briefs", json=BRIEF).status_code == 202
    flow.steps.run(keys.INLET)
    flow.steps.run(keys.INLET)
    assert flow.brief("shop-1").fields["sender"] == "shop"
    assert shop.post("/briefs/shop-1/cancel").status_code == 200
    assert shop.post("/briefs", json=OTHER).json()["outcome"] == "replaced"
    flow.steps.run(keys.INLET)
    assert shop.get("/briefs/shop-1").json()["body"]["instructions"][0]["prompt"] == "a pirate"


def test_an_owner_is_told_no_more_of_a_refused_brief(callers: Callers, flow: Flow) -> None:
    shop = callers("shop")
    shop.post("/briefs", json=BRIEF)
    flow.steps.run(keys.INLET)
    flow.accept(**OTHER, batch="theirs", metadata={"secret": 1})
    (_, told) = events(shop)
    assert told["type"] == "identity.brief.conflict"
    assert "secret" not in json.dumps(told)
    assert "theirs" not in json.dumps(told)
    (*_, whole) = events(callers("anna", Role.VIEWER))
    assert whole["data"]["metadata"] == {"secret": 1}  # type: ignore[index]


def test_who_a_message_says_has_sent_it_must_be_a_name(callers: Callers, flow: Flow) -> None:
    flow.broker.enqueue_briefs([json.dumps(brief(**BRIEF))], sender="no name\n")
    flow.steps.run(keys.INLET)
    assert flow.brief("shop-1").get("sender") is None
