"""What comes by a further inlet may do what its table says, and no more."""

import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace

import pytest
from further_inlets import Send, come_by, move
from processes import ProcessFactory
from stepping import Flow, inlet_message
from support import DEADLINE, brief, event_types, events, eventually

from actors import path
from actors.broker import dead_letters
from actors.runtime import runtime
from config import keys
from tests.chaos.harness.points import CRASH_POINT, Point
from worker.briefs.brief import parse
from worker.callers import sent
from worker.callers.gate import Gate
from worker.callers.tokens import Caller, Role
from worker.ledger.arrivals import Outcome
from worker.operations.operator import Operator

WORKER = [sys.executable, "-m", "tests.chaos.programs.quick", "worker"]


def faults(flow: Flow, brief_id: str) -> list[str]:
    return [fault["rule"] for fault in flow.brief(brief_id).json("faults")]


def knowing(monkeypatch: pytest.MonkeyPatch, inlets: Mapping[str, Caller]) -> None:
    """Have the worker know these inlets."""
    rt = replace(runtime(), inlets=inlets)
    monkeypatch.setattr(path, "runtime", lambda: rt)


def spent(flow: Flow) -> float:
    (today,) = flow.client.scan_iter(keys.CALLER_CREDITS("partner", "*"))
    return float(flow.client.get(str(today)) or 0)  # type: ignore[arg-type]  # redis-py's has no types


def reasons(flow: Flow) -> list[str]:
    return [each.error for each in dead_letters.each(flow.client, dead_letters.ids(flow.client))]


def test_what_an_inlet_may_send_is_on_record_as_its_own(send: Send, moving: Flow) -> None:
    send(brief_id="a", priority=5)
    assert (moving.brief("a").state, moving.brief("a").get("inlet")) == ("waiting", "partner")
    assert event_types(moving.client, "a") == ["identity.brief.accepted"]
    assert spent(moving) == 50
    moving.accept(brief_id="b")
    assert moving.brief("b").get("inlet") is None


def test_a_brief_for_another_account_or_too_urgent_fails_with_its_fault(send: Send, moving: Flow) -> None:
    send(brief_id="a", priority=6)
    assert (moving.brief("a").state, faults(moving, "a")) == ("failed", ["partner may ask for 5 at most"])
    send(brief_id="b", account="elsewhere")
    assert moving.brief("b").state == "failed"
    assert [each["type"] for each in events(moving.client)] == ["identity.brief.failed"] * 2
    assert not list(moving.client.scan_iter(keys.CALLER_CREDITS("partner", "*")))


def test_an_account_that_it_may_not_use_is_none_for_it(
    moving: Flow, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowing(monkeypatch, {"partner": Caller("partner", Role.CALLER, ("shop",))})
    send(brief_id="a")
    assert faults(moving, "a") == ["partner may use shop"]


def test_over_its_credits_a_brief_fails_until_the_day_after(send: Send, moving: Flow) -> None:
    for each in "abc":
        send(brief_id=each)
    assert [moving.brief(each).state for each in "abc"] == ["waiting", "waiting", "failed"]
    told = "120 credits a day, of which 100 are used today, and this one may cost 50"
    assert f"partner may spend {told}" in faults(moving, "c")[0]
    assert spent(moving) == 100
    send(brief_id="c")
    assert event_types(moving.client, "c") == ["identity.brief.failed"], "on the same day it is the same"
    moving.client.delete(*moving.client.scan_iter(keys.CALLER_CREDITS("partner", "*")))
    send(brief_id="c")
    assert (moving.brief("c").state, spent(moving)) == ("waiting", 50)


def test_the_same_brief_again_is_counted_once(send: Send, moving: Flow) -> None:
    for _ in range(3):
        send(brief_id="a")
    assert spent(moving) == 50


def test_a_dearer_brief_in_its_place_is_counted(send: Send, moving: Flow) -> None:
    send(brief_id="a")
    Operator(moving.client, moving.settings, "ada").cancel(moving.brief("a"))
    for _ in range(2):
        send(brief_id="a", instructions=[{"prompt": "one"}, {"prompt": "two"}])
    assert (moving.brief("a").state, spent(moving)) == ("waiting", 100)
    Operator(moving.client, moving.settings, "ada").cancel(moving.brief("a"))
    send(brief_id="a", instructions=[{"prompt": each} for each in ("one", "two", "three")])
    assert (moving.brief("a").state, spent(moving)) == ("failed", 100)


def test_killed_between_counting_and_record_it_is_counted_once(moving: Flow, start: ProcessFactory) -> None:
    come_by(moving, inlet_message(brief(brief_id="a", choose="manual")))
    point = json.dumps(Point("worker", "count_in a", 1, after=True))
    killed = start("killed", WORKER, **{CRASH_POINT: point})
    assert killed.process.wait(DEADLINE) == -signal.SIGKILL
    assert (moving.ledger.read("brief:a"), spent(moving)) == (None, 50)
    start("worker", WORKER)
    eventually(moving.client, lambda: moving.ledger.read("brief:a"))
    assert (moving.brief("a").get("inlet"), spent(moving)) == ("partner", 50)


def test_an_inlet_neither_replaces_nor_changes_what_others_have_sent(send: Send, moving: Flow) -> None:
    moving.accept(brief_id="a", priority=1000)
    send(brief_id="a")
    send("other", brief_id="a")
    assert moving.brief("a").state == "failed"
    assert event_types(moving.client, "a")[1:] == ["identity.brief.conflict"] * 2
    assert all("it differs in inlet" in each for each in reasons(moving))
    assert not list(moving.client.scan_iter(keys.CALLER_CREDITS("partner", "*")))


def test_what_is_counted_before_midnight_is_not_after_it(
    moving: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a message whose worker was killed in between, and which runs again."""
    gate = Gate(moving.ledger, runtime().inlets["partner"], moving.ledger)
    sent_brief = parse(brief(brief_id="a"))
    gate.count_in(sent_brief, "a", Outcome.ACCEPTED)
    monkeypatch.setattr(sent, "day_of", lambda _: "2099-01-02")
    gate.count_in(sent_brief, "a", Outcome.ACCEPTED)
    assert spent(moving) == 50


def test_an_inlet_picks_drafts_of_its_own_briefs_alone(moving: Flow) -> None:
    moving.accept(brief_id="a", choose="manual")
    pick = inlet_message({}).copy(actor_name="pick_drafts", args=("a", [1]))
    come_by(moving, pick)
    moving.steps.run(keys.INLET)
    assert reasons(moving) == ["no brief a came by the inlet partner"]


def test_an_inlet_picks_no_more_drafts_than_it_has_credits_for(send: Send, moving: Flow, heard: Flow) -> None:
    """A brief is counted with one identity for each instruction."""
    send(brief_id="a", choose="manual", instructions=[{"prompt": "x", "num_variations": 3}])
    heard.until("a", "choosing")
    drafts = [draft["image_result_id"] for draft in heard.brief("a").json("drafts")]
    for picked, state in ((drafts, "choosing"), (drafts[:2], "promoting")):
        come_by(moving, inlet_message({}).copy(actor_name="pick_drafts", args=("a", picked)))
        moving.steps.run(keys.INLET)
        assert moving.brief("a").state == state
    assert ["partner may spend 120 credits a day" in each for each in reasons(moving)] == [True]
    assert spent(moving) == 100


def test_a_worker_that_does_not_know_it_runs_nothing_of_it(
    send: Send, moving: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowing(monkeypatch, {})
    send(brief_id="a")
    assert moving.ledger.read("brief:a") is None
    assert "by the inlet partner, which IDENTITY_WORKER_INLETS of this worker" in reasons(moving)[0]
    (dead,) = moving.client.zrange(keys.DEAD_LETTERS(keys.INLET), 0, -1)
    assert str(dead).startswith("inlet:partner:")


def test_what_follows_a_message_in_a_pipeline_is_as_bound(moving: Flow) -> None:
    following = inlet_message(brief(brief_id="next", priority=50))
    come_by(moving, inlet_message(brief(brief_id="a")).copy(options={"pipe_target": following.asdict()}))
    for _ in range(2):
        moving.steps.run(keys.INLET)
    assert faults(moving, "next") == ["partner may ask for 5 at most"]
    foreign = following.copy(queue_name="other")
    come_by(moving, inlet_message(brief(brief_id="b")).copy(options={"pipe_target": foreign.asdict()}))
    moving.steps.run(keys.INLET)
    move(moving)
    assert reasons(moving) == ["the next of its pipeline is for the inlet other"]
