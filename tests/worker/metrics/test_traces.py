"""A trace goes with its brief: on record, in each event, in the logs of each step, whoever runs it."""

import json

import pytest
import structlog
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from stepping import Flow, inlet_message
from support import brief, events

from config import keys
from worker.briefs.brief import parse
from worker.briefs.faults import BriefError
from worker.tally.tally import Tally

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
OTHER = PARENT.replace("4bf9", "ffff")


def told(flow: Flow) -> set[str | None]:
    return {event.get("traceparent") for event in events(flow.client)}


def test_each_event_of_a_brief_carries_its_trace(heard: Flow) -> None:
    heard.finish(heard.accept(traceparent=PARENT))
    assert told(heard) == {PARENT}
    newest = JSONFormat().read(CloudEvent, json.dumps(events(heard.client)[-1]))
    assert newest.get_extension("traceparent") == PARENT
    assert heard.promotion("brief-1").get("trace") == PARENT


def test_the_logs_of_its_steps_name_its_trace(heard: Flow, counting: Tally) -> None:
    heard.finish(heard.accept())  # opens what sets the log up
    brief_id = heard.accept(traceparent=PARENT)
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as said:
        heard.finish(brief_id)
    of_steps = [line for line in said if line.get("part") == "path" or line["event"].endswith(".moved")]
    assert len(of_steps) > 8
    assert {line.get("trace_id") for line in of_steps} == {TRACE}
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as said:
        heard.finish(heard.accept())
    assert not [line for line in said if "trace_id" in line]


def test_a_trace_may_come_as_an_option_of_the_message(flow: Flow) -> None:
    message = inlet_message(brief(brief_id="a"))
    flow.broker.enqueue(message.copy(options={"traceparent": PARENT}))
    flow.steps.run(keys.INLET)
    own = inlet_message(brief(brief_id="b", traceparent=OTHER))
    flow.broker.enqueue(own.copy(options={"traceparent": PARENT}))
    flow.steps.run(keys.INLET)
    strange = inlet_message(brief(brief_id="c"))
    flow.broker.enqueue(strange.copy(options={"traceparent": '"}'}))
    flow.steps.run(keys.INLET)
    assert [flow.brief(each).get("trace") for each in "abc"] == [PARENT, OTHER, None]


def test_a_brief_without_a_trace_tells_of_none(flow: Flow) -> None:
    flow.accept()
    assert told(flow) == {None}


def test_the_same_brief_under_another_trace_is_the_same(flow: Flow) -> None:
    flow.accept(brief_id="a", traceparent=PARENT)
    flow.accept(brief_id="a", traceparent=OTHER)
    assert [event["type"] for event in events(flow.client)] == ["identity.brief.accepted"]
    assert flow.brief("a").get("trace") == PARENT


def test_a_brief_that_is_refused_tells_of_its_trace(flow: Flow) -> None:
    flow.accept(brief_id="a", traceparent=PARENT, priority=1000)
    assert flow.brief("a").state == "failed"
    assert told(flow) == {PARENT}


@pytest.mark.parametrize("wrong", ["", TRACE, PARENT.upper(), f"{PARENT}-", 1])
def test_what_is_no_traceparent_is_refused(wrong: object) -> None:
    with pytest.raises(BriefError) as refused:
        parse(json.dumps(brief(traceparent=wrong)))
    assert [fault.path for fault in refused.value.faults] == ["traceparent"]
