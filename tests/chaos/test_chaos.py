"""A short run of `make chaos`: everything is broken at once, and every promise is kept."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from config import durations
from sandbox.common.faults import Rule
from tests.chaos.harness.around import Receiver, compared
from tests.chaos.harness.clocks import LEAST, clock
from tests.chaos.harness.plan import (
    AROUND,
    AWAY,
    HOOKS,
    LONG,
    OURS,
    REPLICATED,
    REQUESTS,
    STREAMS,
    WEB,
    plan,
    plan_around,
)
from tests.chaos.invariants.invariants import Kind
from tests.chaos.programs.everything import PACES, main
from tests.chaos.programs.quick import WAITS


@pytest.mark.story
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("seed", "faults"),
    [
        (7631, {"kill_all", "deploy_worker", "redis_reset", "api_reset", "token_rotated", "request_linger"}),
        (8480, {"kill_worker", "redis_switched", "redis_away", "api_reset", "token_rotated"}),
    ],
)
def test_no_promise_is_broken_whatever_is(seed: int, faults: set[str]) -> None:
    figures = main(seconds=15, seed=seed, pace=PACES["quick"])
    assert {kind: figures[kind] for kind in Kind} == dict.fromkeys(Kind, 0)
    ends = sum(figures[state] for state in ("done", "failed", "held", "cancelled"))
    assert ends == figures["briefs"] == 90
    # A choice is waited for; what else a person finds to do in so short a time is chance.
    assert "pick" in figures["steered"]
    assert figures["done"] > 45
    assert (figures["channel"], figures["replicated"]) == ("both", seed % 2 == 0)
    assert faults | {"kill_web", "kill_deliver", "endpoint_fails"} <= figures["faults"].keys()


def test_every_wait_that_is_shortened_is_still_there_and_longer() -> None:
    for name, shorter in WAITS.items():
        assert getattr(durations, name) > shorter, name


def test_the_same_seed_breaks_the_same() -> None:
    assert plan(7, 60, 8) == plan(7, 60, 8) != plan(8, 60, 8)


def kinds(events: str, seconds: float = 600, *, replicated: bool = False) -> set[str]:
    return {fault.kind for fault in plan(1, seconds, 8, events, replicated=replicated)}


def test_a_long_plan_has_faults_of_every_kind() -> None:
    named = {f"request_{kind}" for kind in REQUESTS} | {f"stream_{kind}" for kind in STREAMS}
    assert kinds("sse") == set(OURS) | named | {"redis_away_a_minute"}
    assert kinds("sse", replicated=True) == kinds("sse") | set(REPLICATED)
    hooks = {f"hook_{kind}" for kind in HOOKS}
    assert kinds("both") == kinds("sse") | set(WEB) | hooks
    assert kinds("webhook") == kinds("both") - {f"stream_{kind}" for kind in STREAMS}


def test_a_long_plan_breaks_all_around_the_installation() -> None:
    assert {fault.kind for fault in plan_around(1, 600, 8)} == set(AROUND)
    assert plan_around(7, 60, 8) == plan_around(7, 60, 8) != plan_around(8, 60, 8)


def test_every_fault_that_the_sandbox_knows_is_drawn() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
    table = page.partition("### Faults")[2].partition("### Ledger")[0]
    known = set(get_args(Rule.model_fields["kind"].annotation))
    assert {*REQUESTS, *STREAMS, *HOOKS} == known
    assert all(f"`{kind}`" in table for kind in known)


def test_in_a_long_run_redis_is_away_for_a_whole_minute() -> None:
    faults = plan(1, LONG, 8)
    (away,) = [fault for fault in faults if fault.kind == "redis_away_a_minute"]
    assert away.lasts == AWAY
    others = [fault for fault in faults if fault.kind.startswith("redis_") and fault is not away]
    assert others
    assert all(each.at > away.at + AWAY or each.at + each.lasts < away.at for each in others)
    assert "redis_away_a_minute" not in kinds("sse", LONG - 1)


def test_a_process_can_be_given_a_clock_of_its_own() -> None:
    code = "import time, datetime as d; print(time.time(), d.datetime.now(d.UTC).timestamp())"
    environment = {**os.environ, **clock(-LEAST)}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    for seconds in map(float, told.stdout.split()):
        assert LEAST - 30 < time.time() - seconds < LEAST + 30
    assert abs(datetime.now(UTC).timestamp() - time.time()) < 1


def test_a_process_can_have_the_clocks_of_a_machine_just_booted() -> None:
    code = (
        "import asyncio, time; from config.times import monotonic; loop = asyncio.new_event_loop();"
        "print(time.monotonic(), time.perf_counter(), monotonic(), loop.time())"
    )
    environment = {**os.environ, **clock(0), "MONOTONIC_FROM": "1"}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    clocks = [float(each) for each in told.stdout.split()]
    assert len(clocks) == 4
    assert all(1 < each < 30 for each in clocks)


def test_an_endpoint_that_was_not_sent_all_in_order_is_noticed() -> None:
    receiver = Receiver("shop")
    receiver.taken = [("a", "1-0"), ("b", "2-0"), ("a", "1-0"), ("a", "3-0")]
    told = {"a": ["1-0", "3-0"], "b": ["2-0"]}
    assert list(compared(receiver, told)) == []
    receiver.taken = [("a", "3-0"), ("a", "1-0"), ("b", "2-0")]
    (order,) = compared(receiver, told)
    assert (order.kind, order.subject) == (Kind.HOOKS, "a")
    receiver.taken = [("a", "1-0"), ("b", "2-0")]
    (lost,) = compared(receiver, told)
    assert lost.what == "shop was never sent ['3-0']"
