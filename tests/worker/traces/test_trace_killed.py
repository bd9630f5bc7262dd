"""A brief whose worker is killed on the way has its whole trace all the same, of real processes."""

import json
import signal
import sys

from collector import Collector, attributes
from processes import ProcessFactory
from stepping import Flow, enqueue
from support import DEADLINE, events, eventually
from test_spans_told import ALL, PARENT, TRACE

from config import keys
from tests.actors.deliverer.delivering import add
from tests.chaos.harness.points import CRASH_POINT, Point
from tests.worker.hooks.receivers import receiving

QUICK = [sys.executable, "-m", "tests.chaos.programs.quick"]


def test_a_killed_worker_loses_no_span(
    flow: Flow, start: ProcessFactory, listener_process: ProcessFactory, redis_url: str, collector: Collector
) -> None:
    with receiving() as shop:
        add(flow, shop)
        start("deliverer", [*QUICK, "deliver"], IDENTITY_WORKER_HOOKS_PRIVATE="1")
        enqueue(redis_url, brief_id="a", traceparent=PARENT)
        listener_process()
        point = json.dumps(Point("worker", "advance brief:a generating", 1, after=True))
        killed = start("killed", [*QUICK, "worker"], **{CRASH_POINT: point})
        assert killed.process.wait(DEADLINE) == -signal.SIGKILL
        start("worker", [*QUICK, "worker"])
        (root,) = collector.wait("process briefs")
        told = [event["id"] for event in events(flow.client, "a")]
        sent = collector.wait("POST", len(told))
    eventually(flow.client, lambda: not flow.client.xlen(keys.SPANS()))
    spans = collector.once()
    assert sorted(span.name for span in spans if span not in sent) == ALL
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert attributes(root)["identity_worker.next_state"] == "done"
    assert sorted(attributes(span)["cloudevents.event_id"] for span in sent) == sorted(told)
    assert {attributes(span)["http.response.status_code"] for span in sent} == {204}
