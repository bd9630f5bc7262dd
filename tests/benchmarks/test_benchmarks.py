"""The benchmarks of one thing each run, once and in a tiny size; no time is asserted."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import fsync, sandbox, shutdown, web, webhook, webhooks_out
from benchmarks.caps import calls, contenders, growth, makespan, scale
from benchmarks.caps.draws import Draws
from benchmarks.frame.report import read
from benchmarks.frame.suites import BENCHMARKS
from benchmarks.harness import SEED
from sandbox import running as sandbox_running

ROOT = Path(__file__).parents[2]


def test_growth_is_the_ratio_of_the_largest_to_the_smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "CALLS", 2)
    assert growth.main(2, 11)["figures"]["admit_growth_to_11_waiting"]["ours"] > 0


def test_calls_take_time_in_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "CALLS", 2)
    assert calls.main()["figures"]["admit_median_us"]["ours"] > 0


def test_a_whole_life_at_scale_calls_each_function() -> None:
    told = scale.main(2, 8)["figures"]
    assert told["accept_calls"]["ours"] == 1
    assert told["advance_calls"]["ours"] == 6


@pytest.mark.story
def test_makespans_are_of_the_same_jobs_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def sandbox_process(speed: float, **settings: Any) -> Iterator[str]:
        with sandbox_running(speed=speed, seed=SEED, **settings) as api:
            yield api.url

    monkeypatch.setattr(contenders, "sandbox_process", sandbox_process)
    # Ours takes processes (test_side_by_side.py): here somebody else drives its briefs.
    monkeypatch.setattr(contenders, "ours", lambda *given: contenders.polling(*given[:3]))
    told = makespan.main([6], 200, 200)["figures"]
    assert told["jobs_6"]["rivals"].keys() == {"polling", "limiter"}
    assert told["window_6_best_to_bound"]["ours"] >= 1


def test_a_contender_with_other_jobs_is_not_compared() -> None:
    run = contenders.Run(1, {"jobs": [{"job_id": "job_a"}, {"job_id": "job_b"}]})
    makespan.check_draws("ours", run, Draws([], frozenset({"job_a", "job_b"})))
    with pytest.raises(RuntimeError, match="job_b"):
        makespan.check_draws("ours", run, Draws([], frozenset({"job_a"})))


def test_throughputs_stand_beside_two_locks() -> None:
    command = [sys.executable, "-m", "benchmarks.caps.throughput"]
    options = ["--seconds", "0.01", "--rounds", "1", "--clients", "1"]
    ended = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=True)
    told = read(ended.stdout.splitlines()[-1])
    assert told is not None
    assert told["figures"]["pairs_durable_1"]["rivals"].keys() == {"lock", "concurrent_rate_limiter"}


def test_webhooks_are_answered_and_wake_steps() -> None:
    assert webhook.main(2)["figures"]["steps_queued"]["ours"] == 2


def test_webhooks_are_sent_while_an_endpoint_hangs() -> None:
    told = webhooks_out.main(events=2, endpoints=3)["figures"]
    assert told["per_second_one_hanging"]["ours"] > 0


def test_briefs_by_http_stand_beside_raw_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "ROUNDS", 1)
    told = web.main(briefs=100, accounts=[3])["figures"]
    assert told["per_second_100"]["rivals"]["redis"] > 0
    assert told["metrics_ms_3"]["ours"] > 0


@pytest.mark.story
def test_a_listener_ends_when_it_is_told_to() -> None:
    assert shutdown.main(1, ["listener"])["figures"]["listener_median"]["ours"] > 0


def test_both_ways_to_sync_are_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert fsync.main(10)["figures"]["alone_ms"]["rivals"]["everysec"] > 0


def test_the_sandbox_answers_and_remembers() -> None:
    told = sandbox.main(jobs=4, requests=64)["figures"]
    assert told["status_per_second"]["ours"] > 0
    assert told["memory_mb_after_4_jobs"]["ours"] > 0


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_of_the_suite_is_a_module(name: str) -> None:
    path = ROOT.joinpath(*BENCHMARKS[name].module.split(".")).with_suffix(".py")
    assert f"python -m {BENCHMARKS[name].module}" in path.read_text()
