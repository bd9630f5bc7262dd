"""The listener's timers: due ones wake their steps, whatever Redis does and however little there is to do."""

import json
import time
from typing import Any, cast

import pytest
from followed_accounts import no_timers, streams
from stepping import Flow, listening
from support import DEADLINE, eventually

from config import keys
from worker.ledger.transition import Note

pytestmark = pytest.mark.channel


def submitted(flow: Flow) -> None:
    """Take a brief to where its job is in flight, for longer than any test."""
    flow.api.set(drafts_median_seconds=100_000)
    flow.accept(brief_id="b")
    flow.steps.run()


def next_step(flow: Flow) -> str:
    """Take the next message of a step, when it comes.

    Not by asking again and again: at each request the server looks at whose time is over.
    """
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if taken := flow.client.blpop([keys.QUEUE(keys.STEPS)], timeout=4):
            return cast(tuple[str, str], taken)[1]
    raise AssertionError("no step is woken")


def test_a_timer_is_not_late_though_redis_ends_a_wait_late(flow: Flow, redis_url: str) -> None:
    submitted(flow)
    early, late = [], []
    with listening(flow.settings, flow.api, redis_url):
        for ms in range(40, 140, 5):
            record, before = flow.record("brief:b"), flow.ledger.now()
            flow.ledger.note(record, Note(when={}, timer_ms=ms))
            after = flow.ledger.now()
            step = next_step(flow)
            message = json.loads(str(flow.client.hget(keys.MESSAGES(keys.STEPS), step)))
            if (sent := message["message_timestamp"]) > after:  # else by the timer of the claim before
                early.append(sent - (before + ms))
                late.append(sent - (after + ms))
            flow.client.hdel(keys.MESSAGES(keys.STEPS), step)
            flow.ledger.claim_step("brief:b")
    assert min(early) >= 0
    # Some may be late because the machine is busy, but not three of four.
    assert sorted(late)[len(late) // 4] < 10, late


def test_a_timer_is_due_though_the_listener_that_heard_it_died(flow: Flow, redis_url: str) -> None:
    submitted(flow)
    flow.client.zadd(keys.TIMERS(), {"brief:b": 4e12})
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        flow.client.zadd(keys.TIMERS(), {"brief:b": 1})
        assert flow.steps.run() == ("collect_drafts", "brief:b")


def signed_in(flow: Flow) -> float:
    """When the one listener has signed in last, ms by Redis' clock."""
    ((_, at),) = cast(list[tuple[str, float]], flow.client.zrange(keys.LISTENERS(), 0, -1, withscores=True))
    return at


@pytest.mark.parametrize("timers", [{}, {"brief:b": 4e12}])
def test_a_listener_that_nothing_is_due_for_hardly_asks_redis(
    flow: Flow, redis_url: str, timers: dict[str, float]
) -> None:
    def functions_called() -> int:
        told: Any = flow.client.info("commandstats")
        return int(told["cmdstat_fcall"]["calls"])

    no_timers(flow)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        if timers:
            flow.client.zadd(keys.TIMERS(), timers)
        flow.client.lpush(keys.ALARM(), "1")
        assert eventually(flow.client, lambda: not flow.client.exists(keys.ALARM()))
        # Between two signs of life, the first after the alarm.
        seen = signed_in(flow)
        assert eventually(flow.client, lambda: signed_in(flow) > seen)
        before, seen = functions_called(), signed_in(flow)
        assert eventually(flow.client, lambda: signed_in(flow) > seen)
        assert functions_called() - before < 15


def test_timers_go_on_after_an_error_of_redis(flow: Flow, redis_url: str) -> None:
    def errors() -> int:
        told: Any = flow.client.info("errorstats")
        return int(told.get("errorstat_WRONGTYPE", {"count": 0})["count"])

    submitted(flow)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        before = errors()
        flow.client.set(keys.TIMERS(), "no timers at all")
        assert eventually(flow.client, lambda: errors() > before)
        flow.client.delete(keys.TIMERS())
        flow.client.zadd(keys.TIMERS(), {"brief:b": 1})
        assert flow.steps.run() == ("collect_drafts", "brief:b")
