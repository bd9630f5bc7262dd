"""What becomes of a brief that arrives: it is accepted, the same, replaces another or conflicts with it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from brought_briefs import bring, dead
from own_account import CREATE
from stepping import Flow
from support import brief, event_types, events

from actors.broker import dead_letters
from config import keys
from config.accounts.reading import live_accounts
from worker.briefs import equality
from worker.ledger.arrivals import Outcome
from worker.ledger.transition import Answer, Transition
from worker.lifecycle import acceptance, journal_entries, transitions
from worker.operations.operator import Operator
from worker.operations.updating import Change, update
from worker.views import snapshots


def whole_record(flow: Flow, brief_id: str = "b") -> dict[str, str]:
    return dict(flow.brief(brief_id).fields)


def fail_unpaid(flow: Flow, **fields: Any) -> None:
    """Bring a brief that the API refuses before it is charged."""
    flow.api.refuse(CREATE, 400, {"error": "blocked", "blocked_term": "Tom"})
    flow.accept(brief_id="b", **fields)
    assert flow.finish("b").state == "failed"


def test_the_same_brief_changes_nothing_whatever_its_order_and_numbers(
    flow: Flow,
) -> None:
    flow.accept(brief_id="b", metadata={"sku": 1, "of": [1, {"x": None}]}, priority=3)
    before, told = whole_record(flow), event_types(flow.client)
    again = {"metadata": {"of": [1.0, {"x": None}], "sku": 1.0}, "priority": 3, "account": "default"}
    bring(flow, brief_id="b", **again, choose=["first"], on_name_taken="suffix")
    assert whole_record(flow) == before
    assert event_types(flow.client) == told
    assert dead(flow.client) == []


@pytest.mark.parametrize(
    ("other", "path"),
    [
        ({"name": "Another"}, "name"),
        ({"metadata": {"sku": 2}}, "metadata"),
        ({"batch": "autumn"}, "batch"),
        ({"priority": 5}, "priority"),
        ({"choose": "all"}, "choose"),
        ({"on_name_taken": "fail"}, "on_name_taken"),
        ({"options": {"model": "seedream"}}, "options"),
        ({"instructions": [{"prompt": "Somebody else."}]}, "instructions[0].prompt"),
        ({"reference_image": "https://example.org/a.jpg"}, "reference_image"),
    ],
)
def test_another_brief_of_a_running_id_is_dead_and_changes_nothing(
    flow: Flow, other: dict[str, Any], path: str
) -> None:
    flow.accept(brief_id="b", metadata={"sku": 1}, batch="spring")
    before = whole_record(flow)
    redis_id = bring(flow, **{"brief_id": "b", "metadata": {"sku": 1}, "batch": "spring", **other})
    assert whole_record(flow) == before
    (dead_letter,) = dead(flow.client)
    assert (dead_letter.queue, dead_letter.id) == (keys.INLET, redis_id)
    assert "brief b is on record already (waiting), and is another one: it differs in" in dead_letter.error
    assert path in dead_letter.error
    told = events(flow.client)[-1]
    assert told["type"] == "identity.brief.conflict"
    assert path in told["data"]["differs"]
    assert told["data"]["metadata"] == other.get("metadata", {"sku": 1})
    assert told["data"]["batch"] == other.get("batch", "spring")
    assert told["data"]["state"] == "waiting"
    assert not flow.client.exists(keys.MESSAGES(keys.INLET))


def test_a_retried_conflict_stays_one_until_its_cause_is_gone(flow: Flow) -> None:
    flow.accept(brief_id="b", reference_image=None, priority=-1)
    bring(flow, brief_id="b", name="Another")
    assert dead_letters.revive(flow.client, dead(flow.client)[0])
    flow.steps.run(keys.INLET)
    assert event_types(flow.client, "b").count("identity.brief.conflict") == 2
    (dead_letter,) = dead(flow.client)
    ids = [event["id"] for event in events(flow.client)]
    assert len(set(ids)) == len(ids)
    update(flow.ledger, "b", Change(priority=0), "test")
    flow.api.refuse(CREATE, 400)
    flow.finish("b")
    assert dead_letters.revive(flow.client, dead_letter)
    flow.steps.run(keys.INLET)
    assert (flow.brief("b").get("name"), dead(flow.client)) == ("Another", [])
    assert not flow.client.exists(keys.DEAD_LETTER_REASONS())


def test_a_bad_brief_does_not_keep_its_id_from_the_corrected_one(flow: Flow) -> None:
    bring(flow, brief_id="b", priority=1000, batch="spring")
    assert flow.brief("b").state == "failed"
    bring(flow, brief_id="b", priority=10, batch="autumn")
    assert flow.brief("b").state == "waiting"
    assert event_types(flow.client, "b") == ["identity.brief.failed", "identity.brief.accepted"]
    assert events(flow.client)[-1]["data"]["replaces"] == "failed"
    assert [event["id"] for event in events(flow.client)] == ["b/1", "b/2"]
    (earlier,) = snapshots.by_ids(flow.client, ["b"])[0].earlier
    assert (earlier["state"], earlier["faults"][0]["path"]) == ("failed", "priority")
    assert flow.client.zrange(keys.BATCH("autumn"), 0, -1) == ["b"]
    assert not flow.client.exists(keys.BATCH("spring"))
    assert flow.client.zrange(keys.FINISHED(), 0, -1) == []
    assert flow.client.ttl(keys.RECORD("brief:b")) == -1


def test_a_bad_brief_under_a_running_id_conflicts_with_its_faults(flow: Flow) -> None:
    flow.accept(brief_id="b")
    bring(flow, brief_id="b", priority=1000)
    (dead_letter,) = dead(flow.client)
    assert "this one breaks rules: priority: a whole number from -100 to 100" in dead_letter.error
    told = events(flow.client)[-1]
    assert (told["type"], told["data"]["faults"][0]["path"]) == ("identity.brief.conflict", "priority")
    assert flow.brief("b").state == "waiting"


def test_a_brief_that_the_api_refused_unpaid_is_replaced_and_bought_once(flow: Flow) -> None:
    fail_unpaid(flow, instructions=[{"prompt": "Somebody like Tom."}])
    bring(flow, brief_id="b")
    assert flow.brief("b").attempt == 2, "its attempts count on, and it was granted again"
    assert flow.until("b", "generating").attempt == 2
    assert flow.calls("b") == [
        "create intended",
        "create Invalid",
        "replaced failed",
        "create intended",
        "create accepted",
    ]
    assert flow.api.requests(f"POST {CREATE}") == 2
    assert len(flow.api.ledger()["jobs"]) == 1


def test_a_brief_that_was_cancelled_before_its_create_is_replaced(flow: Flow) -> None:
    flow.accept(brief_id="b", batch="spring")
    Operator(flow.client, flow.settings, "test").cancel(flow.brief("b"))
    assert flow.brief("b").state == "cancelled"
    bring(flow, brief_id="b", batch="spring", name="Another")
    assert flow.brief("b").state == "waiting"
    assert flow.brief("b").get("wish") is None
    budget: Any = flow.client.hgetall(keys.BUDGET("spring"))
    assert budget == {"open": "1"}
    bring(flow, brief_id="b", batch="spring", name="Another")
    assert event_types(flow.client).count("identity.brief.accepted") == 2


@pytest.mark.parametrize("outcome", ["accepted", "unknown", None])
def test_what_was_or_may_have_been_paid_for_is_never_replaced(flow: Flow, outcome: str | None) -> None:
    flow.accept(brief_id="b")
    record = flow.brief("b")
    intent = {"call": "create", "subject": "brief:b", "attempt": 1, "what": "intended"}
    assert flow.ledger.apply(record, Transition("submitting", journal=intent)) is Answer.APPLIED
    ended = None if outcome is None else intent | {"what": outcome}
    flow.ledger.apply(record, Transition("failed", journal=ended))
    bring(flow, brief_id="b", name="Another")
    assert flow.brief("b").state == "failed"
    assert len(dead(flow.client)) == 1


def test_what_a_forgotten_past_may_have_bought_is_never_replaced(flow: Flow) -> None:
    flow.accept(brief_id="b")
    record = flow.brief("b")
    supposed = journal_entries.supposed("create", record)
    held = replace(transitions.hold("was it made?"), journal=supposed)
    assert flow.ledger.apply(record, held) is Answer.APPLIED
    Operator(flow.client, flow.settings, "test").give_up(flow.brief("b"), "nobody knows")
    bring(flow, brief_id="b", name="Another")
    assert flow.brief("b").state == "failed"
    assert len(dead(flow.client)) == 1


@pytest.mark.parametrize(
    ("other", "outcome", "differs"),
    [
        ({}, Outcome.SAME, ()),
        ({"metadata": {"sku": 2}}, Outcome.CONFLICT, ("metadata",)),
        ({"batch": "autumn"}, Outcome.CONFLICT, ("batch",)),
        ({"priority": 7}, Outcome.CONFLICT, ("priority",)),
        ({"name": "Another"}, Outcome.CONFLICT, ("body, photo or choice",)),
        ({"on_name_taken": "fail"}, Outcome.CONFLICT, ("on_name_taken",)),
    ],
)
def test_a_record_without_digests_is_compared_by_what_it_has(
    flow: Flow, other: dict[str, Any], outcome: Outcome, differs: tuple[str, ...]
) -> None:
    first = {"brief_id": "b", "batch": "spring", "priority": 3, "metadata": {"sku": 1}}
    flow.accept(**first)
    parsed = acceptance.check(
        json.dumps(brief(**first)), live_accounts(flow.settings).accounts, flow.settings
    )
    record = keys.RECORD("brief:b")
    flow.client.hset(record, "asked", equality.request_digest(parsed))
    flow.client.hdel(record, "parts", "source", "content", "priority")
    raw = json.dumps(brief(**{**first, **other}))
    arrived = acceptance.accept(
        flow.ledger, live_accounts(flow.settings).accounts, flow.settings, acceptance.Message(raw, "m")
    ).arrived
    assert (arrived.outcome, arrived.differs) == (outcome, differs)


def test_no_more_than_ten_earlier_briefs_are_kept_of_a_place(flow: Flow) -> None:
    for number in range(12):
        bring(flow, brief_id="b", priority=1000 + number)
    assert len(snapshots.by_ids(flow.client, ["b"])[0].earlier) == 10
    assert len(flow.calls("b")) == 11
