"""When an installation stands still: nobody works, or something could move and nothing does."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from metrics.figures import figures
from stepping import Flow

from config import keys
from config.settings import Settings
from worker.metrics.measures import Front
from worker.metrics.reading import Reading, read
from worker.metrics.standing import reasons
from worker.store.functions import Functions

MINUTES = 10 * 60_000


@pytest.fixture
def manned(client: "redis.Redis", settings: Settings, functions: Functions) -> Reading:
    """An installation with a worker and a listener, whose newest event is an hour old."""
    now = round(float(client.time()[0]) * 1000)
    for kind in (keys.WORKERS, keys.LISTENERS):
        client.zadd(kind(), {"here": now})
    return replace(read(client, settings), last_event_ms=3_600_000)


def whats(reading: Reading) -> list[str]:
    return [reason.what for reason in reasons(reading, MINUTES)]


def front(ms: int, *lacks: str) -> dict[str, Any]:
    return {"accounts": [SimpleNamespace(name="shop", fronts=[Front("create", ms, lacks)])]}


def test_an_idle_installation_is_ready(manned: Reading) -> None:
    assert whats(manned) == []


def test_without_a_worker_or_a_listener_it_is_not(manned: Reading) -> None:
    assert whats(replace(manned, workers=0, listeners=0)) == ["worker", "listener"]


@pytest.mark.parametrize("lacks", [(), ("step",)])
def test_what_could_start_and_does_not_makes_it_stand_still(manned: Reading, lacks: tuple[str, ...]) -> None:
    assert whats(replace(manned, **front(MINUTES + 1, *lacks))) == ["waiting"]
    assert whats(replace(manned, **front(MINUTES, *lacks))) == []


def test_what_lacks_something_waits_in_order(manned: Reading) -> None:
    assert whats(replace(manned, **front(MINUTES + 1, "slots"))) == []


def test_a_queue_and_timers_that_nobody_minds_make_it_stand_still(manned: Reading) -> None:
    stuck = replace(manned, queued={"steps": 3}, queued_ms={"steps": MINUTES + 1}, timer_late_ms=MINUTES + 1)
    assert whats(stuck) == ["queue", "timers"]
    assert "3 messages queued" in reasons(stuck, MINUTES)[0].told


def test_a_clock_that_was_set_back_makes_it_stand_still(
    manned: Reading, client: "redis.Redis", settings: Settings
) -> None:
    def standing(ahead_ms: int) -> list[str]:
        client.delete(keys.EVENTS())
        client.xadd(keys.EVENTS(), {"event": "{}"}, id=f"{manned.at + ahead_ms}-1")
        client.xadd(keys.EVENTS(), {"event": "{}"})  # after it by number, though not by the clock
        return whats(read(client, settings))

    assert standing(ahead_ms=2 * MINUTES) == ["clock"]
    assert standing(ahead_ms=MINUTES // 2) == []


def test_while_briefs_move_it_is_merely_slow(manned: Reading) -> None:
    stuck = replace(manned, timer_late_ms=MINUTES + 1)
    assert whats(replace(stuck, last_event_ms=MINUTES)) == []
    assert whats(replace(stuck, last_event_ms=None)) == ["timers"]


def test_a_brief_that_no_worker_begins_is_found_in_the_ledger(flow: Flow) -> None:
    brief_id = flow.accept()
    flow.client.hincrby(keys.RECORD(f"brief:{brief_id}"), "granted_at", -MINUTES - 1_000)
    flow.client.delete(keys.EVENTS())  # the newest was long ago
    found = figures(flow.client, flow.settings)
    assert (found["ready"], found["stands_still{waiting}"], found["stands_still{listener}"]) == (0, 1, 1)
