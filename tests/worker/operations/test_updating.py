"""Metadata, batch and priority of a brief on record, changed on purpose; and what is known of purchases."""

import json
from typing import Any

import pytest
from stepping import Flow, inlet_message
from support import brief, event_types, events

from config import keys
from config.accounts.names import DEFAULT
from config.accounts.reading import live_accounts
from worker.briefs.faults import BriefError
from worker.ledger.arrivals import Outcome
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Transition
from worker.lifecycle import acceptance
from worker.operations import audit
from worker.operations.operator import Operator
from worker.operations.updating import Change, UnknownBriefError, update
from worker.views.snapshots import brief as view
from worker.views.snapshots import journal

DAY_MS = 86_400_000


def waiting(flow: Flow) -> list[str]:
    """The briefs that wait for their create, in their order."""
    return list(flow.client.zrange(keys.WAITING(DEFAULT, "create"), 0, -1))  # type: ignore[arg-type]


def full(flow: Flow) -> None:
    """Have one brief hold the account's one job, so that others wait."""
    flow.accept(brief_id="first", name="first")
    flow.ledger.set_limits(DEFAULT, {"jobs": "1"}, "test")


def test_later_events_carry_new_metadata_and_the_journal_its_author(flow: Flow) -> None:
    flow.accept(brief_id="b", metadata={"sku": 1, "kept": "é ✂"})
    assert update(flow.ledger, "b", Change({"sku": 2}, merge=True), "ada@desk") == ["metadata"]
    Operator(flow.client, flow.settings, "test").cancel(flow.brief("b"))
    told = events(flow.client)
    assert [event["type"] for event in told[1:]] == ["identity.brief.updated", "identity.brief.cancelled"]
    assert [event["data"]["metadata"] for event in told[1:]] == [{"sku": 2, "kept": "é ✂"}] * 2
    assert told[1]["data"]["changed"] == ["metadata"]
    words = [entry for entry in journal(flow.client, "b") if entry["what"] == "update"]
    assert [(word["by"], word["changed"]) for word in words] == [("ada@desk", ["metadata"])]


def test_what_is_so_already_changes_nothing(flow: Flow) -> None:
    flow.accept(brief_id="b", metadata={"sku": 1}, batch="x", priority=2)
    assert update(flow.ledger, "b", Change({"sku": 1.0}, "x", 2), "test") == []
    assert event_types(flow.client) == ["identity.brief.accepted"]


def test_a_higher_priority_takes_a_brief_to_the_front(flow: Flow) -> None:
    full(flow)
    for name in ("a", "b", "c"):
        flow.accept(brief_id=name, name=name)
    assert waiting(flow) == ["brief:a", "brief:b", "brief:c"]
    update(flow.ledger, "c", Change(priority=10), "test")
    assert waiting(flow) == ["brief:c", "brief:a", "brief:b"]
    update(flow.ledger, "c", Change(priority=-10), "test")
    assert waiting(flow) == ["brief:a", "brief:b", "brief:c"]


def test_a_parked_brief_starts_in_a_batch_that_can_pay(flow: Flow) -> None:
    flow.ledger.set_budget("poor", DEFAULT, 10, "test")
    flow.accept(brief_id="b", batch="poor")
    assert flow.client.zcard(keys.PARKED("poor")) == 1
    update(flow.ledger, "b", Change(batch="rich"), "test")
    assert not flow.client.exists(keys.PARKED("poor"), keys.PARKED_OF(DEFAULT))
    assert flow.client.zrange(keys.BATCH("rich"), 0, -1) == ["b"]
    assert flow.until("b", "generating").get("batch") == "rich"
    promised: Any = flow.client.hgetall(keys.BATCH_RESERVATIONS("rich"))
    assert promised == {"brief:b": "50"}


def test_a_moved_briefs_cost_leaves_its_old_batch_for_others(
    flow: Flow,
) -> None:
    flow.ledger.set_budget("old", DEFAULT, 50, "test")
    flow.accept(brief_id="a", batch="old", name="a")
    flow.until("a", "generating")
    flow.accept(brief_id="b", batch="old", name="b")
    assert flow.client.zcard(keys.PARKED("old")) == 1
    update(flow.ledger, "a", Change(batch="new"), "test")
    assert flow.client.hkeys(keys.BATCH_RESERVATIONS("new")) == ["brief:a"]
    assert not flow.client.exists(keys.PARKED("old"), keys.BATCH_RESERVATIONS("old"))
    assert waiting(flow) == ["brief:b"], "until the first job tells what drafts cost"


def test_a_brief_that_leaves_its_batch_has_none_and_the_batch_ends(flow: Flow) -> None:
    flow.accept(brief_id="b", batch="x")
    update(flow.ledger, "b", Change(batch=""), "test")
    assert flow.brief("b").get("batch") is None
    assert not flow.client.exists(keys.BATCH("x"))
    assert events(flow.client)[-1]["data"]["batch"] is None


def test_a_finished_brief_can_be_updated_and_still_runs_out(heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="b", batch="x"))
    assert update(heard.ledger, "b", Change({"a": 1}, "y", 3), "test") == ["metadata", "batch", "priority"]
    found = view(heard.client, "b")
    assert found is not None
    assert (found.state, found.metadata, found.batch, found.priority) == ("done", {"a": 1}, "y", 3)
    audited = audit.read(heard.client, "b")
    assert audited is not None
    assert list(audit.faults(audited)) == []


def test_a_bad_brief_without_journal_can_be_updated_and_expires(flow: Flow) -> None:
    flow.broker.enqueue(inlet_message(brief(brief_id="b", choose="worst")))
    flow.steps.run(keys.INLET)
    assert update(flow.ledger, "b", Change({"a": 1}), "test") == ["metadata"]
    assert flow.client.ttl(keys.JOURNAL("b")) > 0


def test_an_updated_brief_is_the_same_as_its_update(flow: Flow) -> None:
    flow.accept(brief_id="b", metadata={"a": 1})
    update(flow.ledger, "b", Change({"a": 2}, "x", 5), "test")

    def outcome(**fields: Any) -> Outcome:
        raw = json.dumps(brief(brief_id="b", **fields))
        accounts = live_accounts(flow.settings).accounts
        return acceptance.accept(
            flow.ledger, accounts, flow.settings, acceptance.Message(raw, "m")
        ).arrived.outcome

    assert outcome(metadata={"a": 2}, batch="x", priority=5) is Outcome.SAME
    assert outcome(metadata={"a": 1}) is Outcome.CONFLICT


def test_a_promotion_that_waits_goes_with_its_brief(heard: Flow) -> None:
    flow = heard
    flow.accept(brief_id="b", batch="x", choose="manual")
    flow.until("b", "choosing")
    flow.ledger.set_limits(DEFAULT, {"promote_per_minute": "1"}, "test")
    flow.client.zadd(keys.WINDOW(DEFAULT, "promote"), {"somebody": 4e12})
    flow.client.expire(keys.WINDOW(DEFAULT, "promote"), 60)
    flow.ledger.plan("b", [{"tried": "0", "candidates": "[]", "instruction": "0"}])
    update(flow.ledger, "b", Change(batch="y", priority=9), "test")
    promotion = flow.promotion("b")
    assert promotion.get("batch") == "y"
    score = flow.client.zscore(keys.WAITING(DEFAULT, "promote"), promotion.subject)
    assert f"{score:.0f}" == promotion.get("place") == flow.brief("b").get("place")
    assert score is not None
    assert score < 0, "a priority above 0"


def test_of_two_who_update_at_once_neither_undoes_the_other(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow.accept(brief_id="b", metadata={"a": 1})
    write = Ledger.update

    def meanwhile(ledger: Ledger, *given: Any, **more: Any) -> bool:
        monkeypatch.setattr(Ledger, "update", write)
        update(flow.ledger, "b", Change({"other": 1}, merge=True), "other")
        return write(ledger, *given, **more)

    monkeypatch.setattr(Ledger, "update", meanwhile)
    update(flow.ledger, "b", Change({"mine": 1}, merge=True), "me")
    found = view(flow.client, "b")
    assert found is not None
    assert found.metadata == {"a": 1, "other": 1, "mine": 1}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (Change(priority=101), "priority"),
        (Change(batch="a\nb"), "batch"),
        (Change({"a": "x" * 20_000}), "metadata"),
    ],
)
def test_what_breaks_the_rules_of_briefs_changes_nothing(flow: Flow, change: Change, path: str) -> None:
    flow.accept(brief_id="b")
    with pytest.raises(BriefError) as bad:
        update(flow.ledger, "b", change, "test")
    assert [fault.path for fault in bad.value.faults] == [path]
    assert event_types(flow.client) == ["identity.brief.accepted"]


def test_a_brief_that_is_not_on_record_can_t_be_updated(flow: Flow) -> None:
    with pytest.raises(UnknownBriefError):
        update(flow.ledger, "nobody", Change(priority=1), "test")


def content_keys(flow: Flow) -> list[str]:
    return [str(key) for key in flow.client.scan_iter(keys.CONTENT("*"))]


def test_what_was_bought_is_remembered_for_a_year_after_the_end(flow: Flow) -> None:
    flow.accept(brief_id="b")
    assert content_keys(flow) == [], "nothing is bought yet"
    flow.until("b", "generating")
    (key,) = content_keys(flow)
    assert json.loads(str(flow.client.get(key)))["brief_id"] == "b"
    assert flow.client.ttl(key) == -1
    flow.ledger.apply(flow.brief("b"), Transition("failed"))
    assert flow.client.pttl(key) > 365 * DAY_MS  # type: ignore[operator]
    assert flow.client.memory_usage(key) <= 300  # type: ignore[operator]


def test_a_create_that_is_told_too_late_is_remembered_as_bought(flow: Flow) -> None:
    flow.accept(brief_id="b")
    record = flow.brief("b")
    intent = {"call": "create", "subject": "brief:b", "attempt": 1, "what": "intended"}
    flow.ledger.apply(record, Transition("submitting", journal=intent))
    flow.ledger.apply(record, Transition("failed", journal=intent | {"what": "unknown"}))
    late = flow.ledger.read("brief:b")
    assert late is not None
    late.fields["state"] = "submitting"
    flow.ledger.apply(
        late,
        Transition(
            "generating", journal=intent | {"what": "accepted"}, jobs=["job_1"], paid=True, unowned=True
        ),
    )
    (key,) = content_keys(flow)
    assert flow.client.pttl(key) > 365 * DAY_MS  # type: ignore[operator]


def test_a_brief_whose_content_was_bought_says_so_in_its_first_event(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.until("b", "generating")
    flow.accept(brief_id="c", metadata={"of": "somebody else"})
    bought = events(flow.client, "c")[0]["data"]["bought_before"]
    assert (bought["brief_id"], bought["account"]) == ("b", DEFAULT)
