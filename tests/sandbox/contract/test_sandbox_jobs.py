"""Jobs on their way: early 404s, partial results, failures, repeatability."""

import time
from typing import Any

import pytest
import requests
from sandbox_api import RED, Api

from sandbox import running
from sandbox.account.dialects import DialectName

HOUR = {"drafts_median_seconds": 3600, "drafts_spread_seconds": 0}


def test_a_job_is_unknown_for_a_short_time_after_its_creation(api: Api) -> None:
    api.set(**HOUR)
    job_id = api.create().json()["job_id"]
    assert [api.get(f"/jobs/{job_id}/{part}").status_code for part in ("status", "results")] == [404, 404]
    api.set(not_found_seconds=0)
    assert api.get(f"/jobs/{job_id}/status").json()["status"] in ("pending", "processing")


def test_results_are_partial_while_a_job_runs() -> None:
    # The job takes two seconds of the wall; whenever it is asked, the parts of the answer agree.
    with running(speed=1800, seed=1, not_found_seconds=0, **HOUR) as sandbox, Api(sandbox, "a") as api:
        job_id = api.create({**RED, "num_variations": 8}).json()["job_id"]
        seen = set()
        while (results := api.get(f"/jobs/{job_id}/results").json())["status"] != "completed":
            done = [item for item in results["results"] if item["status"] == "completed"]
            assert all(item["url"] is None for item in results["results"] if item not in done)
            assert results["credits_used"] is None
            assert results["progress"] < 100
            assert results["summary"]["successful"] == len(done)
            seen.add(len(done))
        assert seen - {0, 8}
        assert len(results["results"]) == 8
        assert (results["credits_used"], results["progress"]) == (40, 100)


def test_drafts_are_placed_by_instruction_and_variation(api: Api) -> None:
    job_id = api.create({**RED, "num_variations": 2}, RED).json()["job_id"]
    results = api.get(f"/jobs/{job_id}/results").json()["results"]
    assert [(item["image_index"], item["group_index"]) for item in results] == [(0, 0), (0, 1), (1, 0)]


def test_a_failed_job_still_has_the_drafts_that_were_done(api: Api) -> None:
    api.set(job_failure_rate=1)
    job_id = api.create({**RED, "num_variations": 8}).json()["job_id"]
    results = api.get(f"/jobs/{job_id}/results").json()
    assert results["status"] == "failed"
    assert results["error_message"]
    assert results["summary"]["successful"] + results["summary"]["failed"] == 8
    assert results["credits_used"] == 5 * results["summary"]["successful"]
    with api.stream() as stream:
        assert [event["name"] for event in stream.backfill()] == ["error"]


def test_a_job_of_which_all_drafts_fail_fails(api: Api) -> None:
    api.set(draft_failure_rate=1)
    job_id = api.create({**RED, "num_variations": 3}).json()["job_id"]
    assert api.get(f"/jobs/{job_id}/status").json()["status"] == "failed"


def test_a_job_of_another_account_is_unknown(api: Api) -> None:
    job_id = api.create().json()["job_id"]
    with Api(api.sandbox, "elsewhere") as other:
        assert other.get(f"/jobs/{job_id}/status").status_code == 404


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_same_seed_gives_a_job_the_same_fate_in_any_order(order: tuple[int, int]) -> None:
    def fates(order: tuple[int, ...]) -> dict[str, tuple[Any, ...]]:
        with running(seed=7, draft_failure_rate=0.5) as sandbox, Api(sandbox, "a") as api:
            for number in order:
                api.create({**RED, "num_variations": 4}, name=str(number))
            return {
                job["name"]: (job["job_id"], job["seconds"], len(job["drafts"]))
                for job in api.ledger()["jobs"]
            }

    assert fates(order) == fates((0, 1))


def test_durations_are_the_planned_ones_and_so_repeat_exactly() -> None:
    def durations() -> list[float]:
        with running(seed=7, speed=1_000, drafts_median_seconds=10) as sandbox, Api(sandbox, "a") as api:
            api.create({**RED, "num_variations": 3})
            while (job := api.ledger()["jobs"][0])["status"] != "completed":
                pass
            states = [state["at"] for state in job["states"]]
            return [job["seconds"], round(states[1] - states[0], 2), round(states[2] - states[0], 2)]

    first = durations()
    assert first == durations()
    assert first[2] == pytest.approx(first[0], abs=0.01)


def test_the_date_of_a_jobs_last_change_moves_with_its_progress() -> None:
    with running(speed=100, not_found_seconds=0, **HOUR) as sandbox, Api(sandbox, "a") as api:
        job_id = api.create().json()["job_id"]
        seen: dict[float, str] = {}
        while len(seen) < 5:
            status = api.get(f"/jobs/{job_id}/status").json()
            seen[status["progress"]] = status["updated_at"]
    dates = list(seen.values())
    assert dates == sorted(set(dates))


def test_the_same_seed_draws_the_same_picture_in_another_sandbox() -> None:
    def picture(seed: int) -> bytes:
        with running(seed=seed, drafts_median_seconds=0) as sandbox, Api(sandbox, "a") as api:
            job_id = api.create({**RED, "options": {"size": "1K"}}).json()["job_id"]
            [item] = api.get(f"/jobs/{job_id}/results").json()["results"]
            return requests.get(item["url"], timeout=20).content

    assert picture(7) == picture(7)
    assert picture(7) != picture(8)


def test_windows_jobs_and_the_backfill_run_as_fast_as_the_speed_says() -> None:
    # On the wall, the window would take a minute, and the backfill ten.
    began = time.monotonic()
    with running(speed=1_000, create_per_minute=1) as sandbox, Api(sandbox, "a") as api:
        assert api.create().status_code == 202
        first = api.ledger()["jobs"][0]["states"][0]["at"]
        while api.create({"hair": {"color": "black"}}).status_code == 429:
            pass
        second = api.ledger()["jobs"][1]["states"][0]["at"]
        assert second - first > 50  # a job is on record a moment after its request: a ms here is a second
        with api.stream() as stream:
            while stream.next()[0] == "backfill":
                pass
        while api.ledger()["pending_notifications"] or api.ledger()["jobs_in_flight"]:
            pass
        assert [job["status"] for job in api.ledger()["jobs"]] == ["completed"] * 2
        assert sandbox.ledger()["now"] >= 600
    assert time.monotonic() - began < 300


def test_in_the_other_dialect_events_and_results_are_spelled_otherwise() -> None:
    with running(dialect="docs", drafts_median_seconds=0) as sandbox, Api(sandbox, "a") as api:
        job_id = api.create().json()["job_id"]
        [item] = api.get(f"/jobs/{job_id}/results").json()["results"]
        assert {"id", "output"} <= set(item)
        assert not {"image_result_id", "url"} & set(item)
        assert item["output"]["full_size"].startswith("http")
        with api.stream() as stream:
            events = stream.backfill()
        assert {event["name"] for event in events} == {"image_result", "batch_edit"}
        assert {event["data"]["job_id"] for event in events} == {job_id}


@pytest.mark.parametrize("dialect", ["guide", "docs"])
def test_summary_and_credits_are_in_the_results_of_both_dialects(dialect: DialectName) -> None:
    with running(dialect=dialect, drafts_median_seconds=0) as sandbox, Api(sandbox, "a") as api:
        job_id = api.create({**RED, "num_variations": 2}).json()["job_id"]
        results = api.get(f"/jobs/{job_id}/results").json()
        assert (results["summary"]["total_images"], results["credits_used"]) == (2, 10)


def test_a_job_is_told_after_its_pictures_whatever_is_polled_meanwhile() -> None:
    # At this speed ten minutes are a second, which a busy machine takes for less.
    lifted = {"jobs_cap": 99, "create_per_minute": 99, "backfill_seconds": 86_400}
    with running(dialect="docs", speed=500, **lifted) as sandbox, Api(sandbox, "a") as api:
        jobs = [api.create({**RED, "num_variations": 4}, name=str(n)).json()["job_id"] for n in range(20)]
        while api.ledger()["jobs_in_flight"]:
            for job_id in jobs:
                api.get(f"/jobs/{job_id}/status")
        told: dict[str, list[str]] = {job_id: [] for job_id in jobs}
        with api.stream() as stream:
            for event in stream.backfill():
                told[event["data"]["job_id"]].append(event["name"])
    assert list(told.values()) == [["image_result"] * 4 + ["batch_edit"]] * 20


def test_an_early_end_is_told_after_its_pictures_too() -> None:
    with running(dialect="docs", drafts_median_seconds=3600) as sandbox, Api(sandbox, "a") as api:
        api.fault(kind="early", path="/identity/create", seconds=0)
        api.create({**RED, "num_variations": 2})
        with api.stream() as stream:
            assert [each["name"] for each in stream.backfill()] == ["image_result"] * 2 + ["batch_edit"]
