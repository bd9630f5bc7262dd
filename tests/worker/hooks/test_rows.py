"""What waits for an endpoint, as the functions keep it: handed on once, in order, not given up too soon."""

import json

import pytest
from stepping import Flow

from config import keys
from worker.hooks.calls import Done, Matched, hook_fan, hook_set, hook_turn
from worker.hooks.endpoints import Endpoint
from worker.hooks.standing import standings
from worker.ledger.transition import Answer


@pytest.fixture
def endpoint(flow: Flow) -> Endpoint:
    added = Endpoint("shop", "https://shop.example")
    assert flow.functions.run(hook_set("shop", added.definition(), new=True)) is Answer.APPLIED
    return added


def row(flow: Flow) -> list[str]:
    found: list[str] = json.loads(str(flow.client.hget(keys.HOOK_WAITING("shop"), "a")))["events"]
    return found


def test_the_same_events_are_handed_on_once(flow: Flow, endpoint: Endpoint) -> None:
    matched = [Matched("7-0", "a", [endpoint.name])]
    first = hook_fan(matched, after="0-0", upto="7-0", version="1")
    assert flow.functions.run(first) is Answer.APPLIED
    assert flow.functions.run(first) is Answer.CONFLICT
    others = hook_fan([], after="7-0", upto="8-0", version="2")
    assert flow.functions.run(others) is Answer.CONFLICT
    assert flow.client.hget(keys.HOOKS_AT(), "cursor") == "7-0"
    assert row(flow) == ["7-0"]


def test_what_is_sent_again_takes_its_place_among_what_waits(flow: Flow, endpoint: Endpoint) -> None:
    for entries in (["9-1", "10-0"], ["10-0", "2-0", "9-10", "9-2", "9-1"]):
        flow.functions.run(hook_fan([Matched(entry, "a", [endpoint.name]) for entry in entries]))
    assert row(flow) == ["2-0", "9-1", "9-2", "9-10", "10-0"]


def test_while_an_endpoint_takes_nothing_no_event_is_given_up(flow: Flow, endpoint: Endpoint) -> None:
    flow.accept(brief_id="a")
    [(entry, _)] = flow.client.xrange(keys.EVENTS())
    flow.functions.run(hook_fan([Matched(entry, "a", [endpoint.name])]))
    (claimed,) = flow.functions.run(hook_turn("shop", [], 8, 60_000)).claimed
    flow.client.hset(keys.HOOK("shop"), "failing_since", 1)
    done = Done("a", claimed.claim, "given_up", "{}", why="answered 500")
    flow.functions.run(hook_turn("shop", [done], 0, 60_000))
    [standing] = standings(flow.client)[1]
    assert (standing.given_up, standing.waiting, row(flow)) == (0, 1, [entry])
    assert standing.paused is not None
