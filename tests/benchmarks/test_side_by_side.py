"""The benchmarks that compare installations run, once and in a tiny size; no time is asserted.

They share our processes and those of the rival, on one Redis and one sandbox.
"""

import csv
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import audit, cost, harness, idle, latency
from benchmarks.caps import contenders, fairness, planner
from benchmarks.frame.round_trips import counting
from benchmarks.harness import ACCOUNT, SEED, Ground, Setup, processes
from benchmarks.many import beside, recorded
from benchmarks.rivals import running
from benchmarks.wiretap import tapping
from sandbox import Sandbox
from sandbox import running as sandbox_running
from worker.store import embedded

pytestmark = pytest.mark.story
SPEED = 100.0


@pytest.fixture(scope="module")
def api() -> Iterator[Sandbox]:
    with sandbox_running(speed=SPEED, seed=SEED, **cost.LIFTED) as api:
        yield api


@pytest.fixture(scope="module")
def setups(api: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Setup]]:
    """Return our processes and those of the plain program, on one Redis and one sandbox."""
    folder = tmp_path_factory.mktemp("benchmarks")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        redis_url = stack.enter_context(embedded.running(folder / "valkey"))

        @contextmanager
        def ground(_speed: float, **_: Any) -> Iterator[Ground]:
            # The first one, ours, has the account whose draws benchmarks know.
            token = ACCOUNT if not (folder / ACCOUNT).exists() else f"{ACCOUNT}-plain"
            (own := folder / token).mkdir()
            with ExitStack() as inner:
                tap = inner.enter_context(tapping(api.url))
                trips = {who: inner.enter_context(counting(redis_url, own / who)) for who in harness.ROLES}
                yield Ground(own, redis_url, api.url, tap, trips, token)

        patch.setattr(harness, "ground", ground)
        patch.setattr(running, "ground", ground)
        ours = stack.enter_context(processes(SPEED))
        plain = stack.enter_context(running.plain(SPEED))
        yield {"ours": ours, "plain": plain}


@pytest.fixture(autouse=True)
def shared(setups: dict[str, Setup], api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the benchmarks have what runs already, as if it were new."""

    def lending(who: str) -> Callable[..., Any]:
        @contextmanager
        def lend(*_: Any, **__: Any) -> Iterator[Setup]:
            tap = setups[who].ground.tap
            for noted in (tap.events, tap.requests, tap.creates):
                noted.clear()
            yield replace(setups[who], before=setups[who].finished())

        return lend

    @contextmanager
    def sandbox_process(*_: Any, **__: Any) -> Iterator[str]:
        yield api.url

    for module in (audit, contenders, cost, fairness, idle, latency, recorded):
        monkeypatch.setattr(module, "processes", lending("ours"))
    monkeypatch.setattr(running, "plain", lending("plain"))
    for module in (running, beside):
        monkeypatch.setattr(module, "sandbox_process", sandbox_process)


def test_the_cost_of_a_brief_stands_beside_both_rivals() -> None:
    told = cost.main(1, 1, SPEED, 1, 1)["figures"]
    assert told.keys() == cost.UNITS.keys()
    # The kernel counts processor time in ticks: of one brief a process may have none.
    assert all(each["ours"] > 0 for name, each in told.items() if name not in {"worker_ms", "listener_ms"})
    assert told["briefs_per_second"]["rivals"].keys() == {"dramatiq", "script"}
    assert told["round_trips"]["rivals"]["dramatiq"] > 0


def test_latencies_stand_beside_the_plain_program() -> None:
    told = latency.main(2)["figures"]
    assert told["event_to_request_p95_ms"]["ours"] > 0
    assert told["queue_to_create_p50_ms"]["rivals"]["dramatiq"] > 0


def test_an_idle_installation_costs_something() -> None:
    told = idle.main(1)["figures"]
    assert told["commands_per_second"]["ours"] > 0
    assert told["worker_percent"]["rivals"].keys() == {"dramatiq"}


def test_copies_of_a_brief_pass_the_audit() -> None:
    assert audit.main(8)["figures"]["memory_mb"]["ours"] > 0


def test_many_briefs_on_record_are_exported_and_found_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "COMMANDS", {"wait": recorded.COMMANDS["wait"]})
    assert recorded.measure(tmp_path, 3)["wait_seconds"].ours > 0
    with (tmp_path / "pictures" / recorded.BATCH / "index.csv").open(encoding="utf-8", newline="") as index:
        assert [row["metadata.sku"] for row in csv.DictReader(index)] == ["bulk-2", "bulk-1", "bulk-0"]


def test_a_pool_of_threads_is_a_command_that_tells_how_it_went(tmp_path: Path) -> None:
    (tmp_path / "bodies").write_text(json.dumps(contenders.body(7)))
    code, run = beside.drive_pool(tmp_path / "bodies", "window")
    assert code == 0
    assert run.ready >= 1


def test_a_small_batch_comes_to_its_end_beside_a_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LARGE": 6,
        "SMALL": 1,
        "UNDER_WAY": range(1, 2),
        "REAL_LARGE": 1,
        "REAL_UNDER_WAY": 1,
    }.items():
        monkeypatch.setattr(fairness, name, value)
    assert fairness.main()["figures"]["ratio"]["ours"] > 0


def test_our_makespan_is_told_with_what_the_sandbox_has_seen() -> None:
    assert contenders.ours(1, {}, SPEED, 60).ready >= 1


def test_others_come_and_go(setups: dict[str, Setup], api: Sandbox) -> None:
    contenders.use(setups["ours"], [planner.Others(0, 1, 2)], time.monotonic(), SPEED)
    assert api.settings()["jobs_cap"] == planner.JOBS
    api.settings(**cost.LIFTED)
