"""A message that comes again, from a killed worker or beside another, brings its brief once."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from brought_briefs import bring, dead
from stepping import Flow, inlet_message
from support import brief, event_types

from config import keys
from config.accounts.reading import live_accounts
from config.settings import Settings
from worker.ledger.arrivals import Outcome
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Answer, Transition
from worker.lifecycle import acceptance
from worker.lifecycle.recovery import OperationRefusedError
from worker.operations.operator import Operator
from worker.store.connection import connect
from worker.views import snapshots


def taken(ledger: Ledger, settings: Settings, raw: Any) -> Outcome:
    text = raw if isinstance(raw, str) else json.dumps(raw)
    return acceptance.accept(
        ledger, live_accounts(settings).accounts, settings, acceptance.Message(text, "m")
    ).arrived.outcome


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
    """What brings a brief to a worker that is killed between its decision and the end of its message.

    Of a message that a worker has died with before, these are two calls, as they were in earlier versions.
    """

    def bring_and_kill(**fields: Any) -> None:
        flow.broker.enqueue(inlet_message(brief(**fields)))
        (redis_id,) = flow.client.lrange(keys.QUEUE(keys.INLET), 0, -1)
        consumer = flow.steps._consumers[keys.INLET]
        flow.broker.suspects[str(redis_id)] = "killed its worker"
        with monkeypatch.context() as patch:
            for end in ("ack", "nack"):
                patch.setattr(consumer, end, lambda _: (_ for _ in ()).throw(KilledError))
            with pytest.raises(KilledError):
                flow.steps.run(keys.INLET)
        # What `tend` does with what a dead worker held.
        consumer._in_hand.discard(str(redis_id))
        flow.broker.suspects.clear()
        flow.broker.requeue(keys.INLET, str(redis_id))

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


def test_a_conflict_of_a_killed_worker_is_one_event_and_dead_letter(flow: Flow, killed: Any) -> None:
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
    elsewhere = acceptance.accept(flow.ledger, {}, flow.settings, acceptance.Message(raw, "m"))
    assert (elsewhere.arrived.outcome, len(elsewhere.faults)) == (Outcome.SAME, 1)
