"""A worker that is killed right after it decided what becomes of a brief tells nothing twice."""

import json
import signal
import sys
from typing import Any

import pytest
from processes import ProcessFactory
from stepping import Flow, inlet_message
from support import DEADLINE, brief, event_types, eventually

from actors.broker import dead_letters
from config import keys
from tests.chaos.harness.points import CRASH_POINT, Point

WORKER = [sys.executable, "-m", "tests.chaos.programs.quick", "worker"]


@pytest.mark.parametrize(
    ("first", "told", "dead"),
    [
        ({"priority": 1000}, ["identity.brief.accepted"], 0),
        ({"name": "Another"}, ["identity.brief.accepted", "identity.brief.conflict"], 1),
    ],
    ids=["replaced", "conflict"],
)
def test_an_arrival_is_decided_once(
    flow: Flow,
    start: ProcessFactory,
    first: dict[str, Any],
    told: list[str],
    dead: int,
) -> None:
    flow.accept(brief_id="b", choose="manual", **first)
    before = flow.brief("b").fields["accepted_at"]
    flow.broker.enqueue(inlet_message(brief(brief_id="b", choose="manual")))
    point = json.dumps(Point("worker", "accept b", 1, after=True))
    killed = start("killed", WORKER, **{CRASH_POINT: point})
    assert killed.process.wait(DEADLINE) == -signal.SIGKILL
    # A message ends with the decision, but for one in conflict, which becomes a dead letter after it.
    assert flow.client.hlen(keys.MESSAGES(keys.INLET)) == dead
    start("worker", WORKER)
    eventually(flow.client, lambda: not flow.client.exists(keys.MESSAGES(keys.INLET)))
    arrivals = ("identity.brief.accepted", "identity.brief.conflict")
    assert [name for name in event_types(flow.client, "b") if name in arrivals] == told
    assert len(dead_letters.ids(flow.client)) == dead
    after = flow.brief("b").fields["accepted_at"]
    assert (after == before) is bool(dead)
