"""Briefs that are sent by HTTP: what becomes of each, in words and in status."""

import json

import pytest
from stepping import Flow
from v1.conftest import Callers

from config import keys
from worker.callers.tokens import Role

BRIEF = {"brief_id": "shop-1", "instructions": [{"prompt": "a sailor"}]}


def queued(flow: Flow) -> int:
    return flow.client.llen(keys.QUEUE(keys.INLET))


def test_a_brief_is_taken_once_and_found_there(callers: Callers, flow: Flow) -> None:
    shop = callers("shop")
    first = shop.post("/briefs", json=BRIEF)
    assert (first.status_code, first.json()["outcome"]) == (202, "accepted")
    assert first.headers["location"] == "/v1/briefs/shop-1"
    assert shop.get("/briefs/shop-1").json()["state"] == "queued"
    assert shop.post("/briefs", json=BRIEF).status_code == 202  # it is no brief on record yet
    assert queued(flow) == 2
    flow.accept(**BRIEF)
    again = shop.post("/briefs", json=BRIEF)
    assert (again.status_code, again.json()["outcome"]) == (200, "same")
    assert queued(flow) == 2
    assert shop.get("/briefs/shop-1").json()["state"] == "waiting"


def test_an_id_that_another_caller_has_sent_is_not_given_twice(callers: Callers, flow: Flow) -> None:
    """Nor before it is on record: whoever has sent an id sees and steers its brief."""
    shop, other = callers("shop"), callers("other")
    assert shop.post("/briefs", json=BRIEF).status_code == 202
    assert other.post("/briefs", json=BRIEF).status_code == 409
    assert other.post("/plan", json=BRIEF).json()["items"][0]["status"] == 409
    assert shop.post("/briefs", json=BRIEF).status_code == 202
    flow.steps.run(keys.INLET)
    assert other.get("/briefs/shop-1").status_code == 404
    assert other.post("/briefs/shop-1/cancel").status_code == 404
    # What is kept no longer is anybody's again.
    flow.client.zadd(keys.SENT("shop"), {"long-ago": 1})
    assert other.post("/briefs", json=BRIEF | {"brief_id": "long-ago"}).status_code == 202


def test_the_same_brief_without_an_id_is_one_for_each_caller(callers: Callers, flow: Flow) -> None:
    body = {"instructions": [{"prompt": "a sailor"}]}
    one, other = callers("one"), callers("other")
    ids = [each.post("/briefs", json=body).json()["brief_id"] for each in (one, one, other)]
    assert ids[0] == ids[1] != ids[2]


def test_an_idempotency_key_is_the_id(callers: Callers, flow: Flow) -> None:
    shop, body = callers("shop"), {"instructions": [{"prompt": "a sailor"}]}
    told = shop.post("/briefs", json=body, headers={"Idempotency-Key": "order-7"})
    assert told.json()["brief_id"] == "order-7"
    other = shop.post("/briefs", json=BRIEF, headers={"Idempotency-Key": "order-7"})
    assert (other.status_code, other.json()["faults"][0]["path"]) == (422, "brief_id")
    many = shop.post("/briefs", json=[body], headers={"Idempotency-Key": "order-7"})
    assert many.status_code == 400


def test_what_breaks_rules_is_a_problem_with_its_faults(callers: Callers, flow: Flow) -> None:
    told = callers("shop").post("/briefs", json={"instructions": [{"num_variations": 99}]})
    assert told.headers["content-type"] == "application/problem+json"
    assert (told.status_code, told.json()["status"]) == (422, 422)
    assert "instructions[0].num_variations" in [fault["path"] for fault in told.json()["faults"]]
    assert queued(flow) == 0


def test_another_brief_of_an_id_is_a_conflict(callers: Callers, flow: Flow) -> None:
    shop = callers("shop", Role.OPERATOR)
    flow.accept(**BRIEF)
    told = shop.post("/briefs", json=BRIEF | {"instructions": [{"prompt": "a pirate"}]})
    assert told.status_code == 409
    assert "it differs in" in told.json()["detail"]
    assert queued(flow) == 0


@pytest.mark.parametrize("as_lines", [True, False])
def test_of_many_briefs_each_is_answered_for_itself(callers: Callers, flow: Flow, as_lines: bool) -> None:
    many = [BRIEF, {"instructions": []}, BRIEF, BRIEF | {"priority": 3}]
    shop = callers("shop")
    if as_lines:
        content = "\n".join(map(json.dumps, many))
        told = shop.post("/briefs", content=content, headers={"Content-Type": "application/x-ndjson"})
    else:
        told = shop.post("/briefs", json=many)
    assert told.status_code == 202
    assert [item["status"] for item in told.json()["items"]] == [202, 422, 202, 422]
    only_bad = shop.post("/briefs", json=[{"instructions": []}])
    assert only_bad.status_code == 422


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "is no JSON: Expecting"),
        (b"[]", "holds no brief"),
        (b"\xff", "is no JSON: "),
        (b"[" * 100_000, "is nested too deep"),
        (b'{"priority": ' + b"9" * 5_000 + b"}", "holds a number of too many digits"),
    ],
)
def test_what_is_no_json_changes_nothing(callers: Callers, flow: Flow, content: bytes, told: str) -> None:
    refused = callers("shop").post("/briefs", content=content)
    assert (refused.status_code, told in refused.json()["detail"]) == (400, True)
    assert "sys." not in refused.text
    assert queued(flow) == 0


def test_a_caller_keeps_to_its_accounts_priority_and_credits(callers: Callers, flow: Flow) -> None:
    shop = callers("shop", accounts=("default",), priority=5, credits_a_day=120.0)
    assert shop.post("/briefs", json=BRIEF | {"priority": 6}).status_code == 422
    elsewhere = callers("elsewhere", accounts=("studio",))
    assert elsewhere.post("/briefs", json=BRIEF).json()["faults"][0]["path"] == "account"
    sent = [shop.post("/briefs", json=BRIEF | {"brief_id": f"b{n}"}) for n in range(3)]
    assert [each.status_code for each in sent] == [202, 202, 429]
    until_midnight = int(sent[2].headers["retry-after"])
    many = shop.post("/briefs", json=[BRIEF | {"brief_id": f"b{n}"} for n in (3, 4)])
    assert (many.status_code, 0 < int(many.headers["retry-after"]) <= until_midnight) == (429, True)
    assert queued(flow) == 2
    assert shop.post("/briefs", json=BRIEF | {"brief_id": "b0"}).status_code == 202  # counted already


def test_what_was_sent_long_ago_is_forgotten(callers: Callers, flow: Flow) -> None:
    flow.client.zadd(keys.SENT("shop"), {"long-ago": 1})
    callers("shop").post("/briefs", json=BRIEF)
    assert flow.client.zrange(keys.SENT("shop"), 0, -1) == ["shop-1"]


def test_a_plan_sends_nothing(callers: Callers, flow: Flow) -> None:
    told = callers("shop").post("/plan", json=[BRIEF, {"instructions": []}]).json()
    assert [item["status"] for item in told["items"]] == [202, 422]
    assert told["accounts"][0]["slots"] == 1
    assert queued(flow) == 0


def test_a_plan_tells_what_is_over_the_credits_of_the_day(callers: Callers, flow: Flow) -> None:
    shop = callers("shop", credits_a_day=120.0)
    briefs = [BRIEF | {"brief_id": f"b{n}"} for n in (0, 0, 1, 2)]
    assert shop.post("/briefs", json=briefs[0]).status_code == 202
    for _ in range(2):  # planned, nothing is counted
        planned = shop.post("/plan", json=briefs).json()
        assert [each["status"] for each in planned["items"]] == [202, 202, 202, 429]
        assert planned["accounts"][0]["slots"] == 3
    assert shop.post("/briefs", json=briefs[2]).status_code == 202
    told = shop.post("/briefs", json=briefs[3]).json()["detail"]
    assert "120 credits a day, of which 100 are used today, and this one may cost 50:" in told
    (planned,) = shop.post("/plan", json=briefs[3]).json()["items"]
    assert planned["problem"]["detail"] == told
