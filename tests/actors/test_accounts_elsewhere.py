"""A step of an account that this worker does not hold is left, as it is, to a worker that does."""

from collections.abc import Callable

import pytest
from stepping import Flow

from config import keys
from config.accounts.names import DEFAULT
from worker.ledger.transition import Answer, Transition


def to_submit(flow: Flow) -> str:
    flow.accept(brief_id="b")
    return "brief:b"


def to_collect(flow: Flow) -> str:
    to_submit(flow)
    flow.until("b", "generating")
    flow.api.rest()
    flow.wake_timer("brief:b")
    return "brief:b"


def to_promote(flow: Flow) -> str:
    to_collect(flow)
    flow.until("b", "promoting")
    return "promotion:b#0"


def to_finish(flow: Flow) -> str:
    subject = to_promote(flow)
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    flow.api.rest()
    flow.wake_timer(subject)
    return subject


def to_describe(flow: Flow) -> str:
    flow.accept(brief_id="b", instructions=None, reference_image="https://192.0.2.1/ada.png")
    flow.client.hset(keys.RECORD("brief:b"), "files", '{"https://192.0.2.1/ada.png": "file-1"}')
    return "brief:b"


def to_watch(flow: Flow) -> str:
    flow.accept(brief_id="b")
    brief = flow.until("b", "generating")
    assert flow.ledger.apply(brief, Transition("held", keep_permit=True, timer_ms=1)) is Answer.APPLIED
    flow.api.rest()
    flow.wake_timer("brief:b")
    return "brief:b"


@pytest.mark.parametrize("to", [to_submit, to_collect, to_promote, to_finish, to_describe, to_watch])
def test_a_step_of_an_account_not_held_here_is_left_to_others(flow: Flow, to: Callable[[Flow], str]) -> None:
    from actors.runtime import runtime

    flow.api.lose_events()
    subject = to(flow)

    def stands() -> tuple[object, ...]:
        permits = flow.client.zrange(keys.PERMITS(DEFAULT), 0, -1)
        return flow.record(subject).state, flow.calls("b"), permits

    before = stands()
    here = runtime().here
    accounts, apis = (here.accounts, here.apis)
    here.accounts, here.apis = {}, {}
    flow.client.set(keys.LEASE(DEFAULT), "a listener of an older version", px=60_000)
    try:
        assert flow.steps.run()[1] == subject
    finally:
        here.accounts, here.apis = accounts, apis
    assert stands() == before
    flow.wake_timer(subject)
    assert flow.steps.run()[1] == subject
    assert stands() != before
