"""The benchmarks that start processes of their own still measure, in their smallest size."""

import pytest

from benchmarks import looking_back, start, worker


@pytest.mark.story
def test_a_worker_is_measured_beside_a_raw_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "JOB", 0.1)
    monkeypatch.setattr(worker, "MARGIN", 0.5)
    found = worker.measure(accounts=60, latency=0.0, processes=1, threads=4, seconds=1.0)
    # How many of them end in it is for the machine to say.
    assert found["sent_per_second"].ours > 0
    assert found["memory_mb"].ours > 0


@pytest.mark.story
def test_the_start_of_a_worker_is_measured() -> None:
    found = start.measure(accounts=2)
    assert found["processor_seconds"].ours > 0
    assert found["memory_mb"].ours > 0


@pytest.mark.story
def test_a_look_back_is_measured_beside_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_back, "BEFORE", 2.0)
    with looking_back.scene(12) as made:
        found = looking_back.measure(made)
    assert found["accounts_per_second"].ours > 0
    assert found["brief_seconds_p50"].ours > 0
