"""The schedules that `benchmarks.caps.makespan` measures against keep the rules; the bound is below."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.caps.planner import WINDOW_MS, Durations, Others, first_come, lower_bound, makespan, schedules

LENGTHS = st.integers(min_value=1, max_value=3 * WINDOW_MS)
BRIEFS = st.lists(st.builds(Durations, LENGTHS, LENGTHS), min_size=1, max_size=25)


def test_five_briefs_run_side_by_side() -> None:
    assert makespan([Durations(1_000, 2_000)] * 5, first_come) == 3_000


def test_the_sixth_request_waits_for_the_end_of_the_first_ones_window() -> None:
    assert makespan([Durations(1_000, 2_000)] * 6, first_come) == WINDOW_MS + 3_000


def test_the_sixth_job_waits_for_a_permit() -> None:
    long = 2 * WINDOW_MS
    assert makespan([Durations(long, long)] * 6, first_come) == 4 * long


def test_promotions_have_a_window_of_their_own() -> None:
    # The last drafts are there at 61 s, but five promotions were sent at 30 s.
    briefs = [Durations(30_000, 1_000)] * 5 + [Durations(1_000, 1_000)] * 5
    assert makespan(briefs, first_come) == 30_000 + WINDOW_MS + 1_000


def test_what_others_use_is_waited_for() -> None:
    others = [Others(0, 10_000, 4)]
    assert makespan([Durations(1_000, 2_000)] * 2, first_come, others) == 6_000
    assert makespan([Durations(9_000, 2_000)] * 2, first_come, others) == 21_000


def test_others_take_only_the_place_of_what_could_start() -> None:
    assert makespan([Durations(1_000, 2_000)] * 5, first_come, [Others(500, 600, 5)]) == 3_000


@pytest.mark.parametrize("count", [1, 5, 6, 20])
def test_the_bound_is_exact_for_short_equal_briefs(count: int) -> None:
    briefs = [Durations(500, 700)] * count
    assert lower_bound(briefs) == makespan(briefs, first_come)


@given(BRIEFS)
def test_no_schedule_is_shorter_than_the_bound(briefs: list[Durations]) -> None:
    assert lower_bound(briefs) <= min(schedules(briefs).values())


@given(BRIEFS)
def test_no_schedule_is_longer_than_one_brief_after_the_other(briefs: list[Durations]) -> None:
    assert max(schedules(briefs).values()) <= sum(sum(brief) for brief in briefs) + len(briefs) * WINDOW_MS
