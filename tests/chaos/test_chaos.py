"""A short run of `make chaos`: everything is broken at once, and every promise is kept."""

import importlib

import pytest

from benchmarks.chaos.__main__ import PACES, main
from benchmarks.chaos.invariants import Kind
from benchmarks.chaos.plan import OURS, REQUESTS, STREAMS, plan
from benchmarks.chaos.quick import WAITS


@pytest.mark.timeout(300)
def test_no_promise_is_broken_whatever_is() -> None:
    figures = main(seconds=15, seed=5, pace=PACES["quick"])
    assert {kind: figures[kind] for kind in Kind} == dict.fromkeys(Kind, 0)
    assert figures["done"] + figures["failed"] + figures["held"] == figures["briefs"] == 90
    assert figures["done"] > 45
    assert len(figures["faults"]) >= 8


def test_every_wait_that_is_shortened_is_still_there_and_longer() -> None:
    for module, waits in WAITS.items():
        for constant, value in waits.items():
            assert getattr(importlib.import_module(module), constant) > value, f"{module}.{constant}"


def test_the_same_seed_breaks_the_same() -> None:
    assert plan(7, 60, 8) == plan(7, 60, 8) != plan(8, 60, 8)


def test_a_long_plan_has_faults_of_every_kind() -> None:
    kinds = {fault.kind for fault in plan(1, 600, 8)}
    named = {f"request_{kind}" for kind in REQUESTS} | {f"stream_{kind}" for kind in STREAMS}
    assert kinds == set(OURS) | named
