"""What becomes of a brief that arrives: it is accepted, the same, replaces another or conflicts with it."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis
from own_account import CREATE
from stepping import Flow, inlet_message
from support import brief, event_types, events

from actors.broker import dead_letters
from config import keys
from config.accounts import load_accounts
from config.settings import Settings
from worker.ledger.arrivals import Outcome
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Answer, Transition
from worker.lifecycle import acceptance
from worker.lifecycle.recovery import OperationRefusedError
from worker.operations.operator import Operator
from worker.operations.updating import Change, update
from worker.store.connection import connect
from worker.views import snapshots

INSTRUCTIONS = brief()["instructions"]


def bring(flow: Flow, **fields: Any) -> str:
    """Bring a brief by the queue; return the id in Redis of its message."""
    message = inlet_message(brief(**fields))
    flow.broker.enqueue(message)
    (redis_id,) = flow.client.lrange(keys.QUEUE(keys.INLET), 0, -1)
    flow.steps.run(keys.INLET)
    return str(redis_id)


def taken(ledger: Ledger, settings: Settings, raw: Any) -> Outcome:
    text = raw if isinstance(raw, str) else json.dumps(raw)
    return acceptance.accept(ledger, load_accounts(settings), settings, text, "m").arrived.outcome


def dead(client: "redis.Redis") -> list[dead_letters.DeadLetter]:
    return list(dead_letters.each(client, dead_letters.ids(client)))


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


def test_a_worker_holding_the_old_brief_moves_nothing_of_the_new(flow: Flow) -> None:
    flow.accept(brief_id="b")
    stale = flow.brief("b")
    Operator(flow.client, flow.settings, "test").cancel(stale)
    bring(flow, brief_id="b", name="Another")
    intent = {"call": "create", "subject": "brief:b", "what": "intended"}
    # Its attempt is let count as the new one's: what tells them apart is when they were accepted.
    flow.client.hset(keys.RECORD("brief:b"), "grants", stale.get("grants") or "")
    assert flow.ledger.apply(stale, Transition("submitting", journal=intent)) is Answer.CONFLICT


def test_who_read_the_replaced_brief_does_not_cancel_its_successor(flow: Flow) -> None:
    flow.accept(brief_id="b")
    operator, stale = Operator(flow.client, flow.settings, "test"), flow.brief("b")
    operator.cancel(stale)
    bring(flow, brief_id="b", name="Another")
    with pytest.raises(OperationRefusedError, match="has moved meanwhile"):
        operator.cancel(stale)
    assert flow.brief("b").state == "waiting"


def test_of_two_briefs_of_one_id_at_once_one_is_accepted(flow: Flow, redis_url: str) -> None:
    outcomes: dict[str, list[Outcome]] = {}
    start = threading.Barrier(2)

    def work(name: str) -> None:
        with connect(redis_url) as client:
            ledger = Ledger(client, flow.settings)
            start.wait()
            outcomes[name] = [
                taken(ledger, flow.settings, brief(brief_id=f"b-{number}", name=name)) for number in range(30)
            ]

    threads = [threading.Thread(target=work, args=(name,)) for name in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pair in zip(outcomes["One"], outcomes["Two"], strict=True):
        assert sorted(pair) == [Outcome.ACCEPTED, Outcome.CONFLICT]
    assert event_types(flow.client).count("identity.brief.conflict") == 30


class KilledError(Exception):
    """Stands for a worker that is killed."""


@pytest.fixture
def killed(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What brings a brief to a worker that is killed between its decision and the end of its message."""

    def bring_and_kill(**fields: Any) -> None:
        flow.broker.enqueue(inlet_message(brief(**fields)))
        (redis_id,) = flow.client.lrange(keys.QUEUE(keys.INLET), 0, -1)
        consumer = flow.steps._consumers[keys.INLET]
        with monkeypatch.context() as patch:
            for end in ("ack", "nack"):
                patch.setattr(consumer, end, lambda _: (_ for _ in ()).throw(KilledError))
            with pytest.raises(KilledError):
                flow.steps.run(keys.INLET)
        # What `tend` does with what a dead worker held.
        consumer._in_hand.discard(str(redis_id))
        flow.broker.do_requeue(keys.INLET, str(redis_id))

    return bring_and_kill


def test_a_message_coming_again_after_acceptance_is_the_same_brief(flow: Flow, killed: Any) -> None:
    killed(brief_id="b")
    flow.steps.run(keys.INLET)
    assert event_types(flow.client) == ["identity.brief.accepted"]
    assert dead(flow.client) == []


def test_a_message_coming_again_after_replacing_is_the_same_brief(flow: Flow, killed: Any) -> None:
    bring(flow, brief_id="b", priority=1000)
    killed(brief_id="b")
    flow.steps.run(keys.INLET)
    assert event_types(flow.client) == ["identity.brief.failed", "identity.brief.accepted"]
    assert len(snapshots.by_ids(flow.client, ["b"])[0].earlier) == 1
    assert dead(flow.client) == []


def test_a_bad_message_that_comes_again_is_told_once(flow: Flow, killed: Any) -> None:
    killed(brief_id="b", priority=1000)
    flow.steps.run(keys.INLET)
    assert event_types(flow.client) == ["identity.brief.failed"]


def test_a_conflict_of_a_killed_worker_is_one_event_and_letter(flow: Flow, killed: Any) -> None:
    flow.accept(brief_id="b")
    killed(brief_id="b", name="Another")
    assert dead(flow.client) == []
    flow.steps.run(keys.INLET)
    assert event_types(flow.client) == ["identity.brief.accepted", "identity.brief.conflict"]
    assert len(dead(flow.client)) == 1


def test_a_running_briefs_message_is_the_same_even_where_called_bad(
    flow: Flow,
) -> None:
    raw = json.dumps(brief(brief_id="b", account="default"))
    assert taken(flow.ledger, flow.settings, raw) is Outcome.ACCEPTED
    elsewhere = acceptance.accept(flow.ledger, {}, flow.settings, raw, "m")
    assert (elsewhere.arrived.outcome, len(elsewhere.faults)) == (Outcome.SAME, 1)


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
    parsed = acceptance.check(json.dumps(brief(**first)), load_accounts(flow.settings), flow.settings)
    record = keys.RECORD("brief:b")
    flow.client.hset(record, "asked", acceptance.equality.request_digest(parsed))
    flow.client.hdel(record, "parts", "source", "content", "priority")
    raw = json.dumps(brief(**{**first, **other}))
    arrived = acceptance.accept(flow.ledger, load_accounts(flow.settings), flow.settings, raw, "m").arrived
    assert (arrived.outcome, arrived.differs) == (outcome, differs)


def test_no_more_than_ten_earlier_briefs_are_kept_of_a_place(flow: Flow) -> None:
    for number in range(12):
        bring(flow, brief_id="b", priority=1000 + number)
    assert len(snapshots.by_ids(flow.client, ["b"])[0].earlier) == 10
    assert len(flow.calls("b")) == 11
