"""Unclaimed jobs are matched to creates of unknown outcome: what is certain, what a person must decide."""

from dataclasses import replace
from typing import Any

import pytest
from unclaimed_jobs import BEGAN, CREATE, ENDED, JOB, OVER

from config import durations
from config.settings import Settings
from worker.piktid.answers import RunState
from worker.unresolved.matching import (
    Adopt,
    Ask,
    Evidence,
    NotArrived,
    UnclaimedJob,
    UnresolvedCreate,
    Wait,
    resolve,
)
from worker.unresolved.streams import Stream

SETTINGS = Settings()
SPAN = round(durations.REPLAY_SPAN_SECONDS * 1000)
#: Followed since before the call until after its job must be over.
PROOF = Stream(replayed_since=BEGAN, replayed_at=OVER, told_at=BEGAN - 1)
NOTHING = Stream()
TWIN = replace(CREATE, subject="brief:b")
ALIKE = replace(CREATE, subject="brief:b", fingerprint="g")
SECOND = replace(JOB, job_id="k")


def decide(
    *jobs: UnclaimedJob,
    now: int = OVER,
    stream: Stream = PROOF,
    own: UnresolvedCreate = CREATE,
    others: tuple[UnresolvedCreate, ...] = (),
) -> Any:
    return resolve(own, Evidence(now, stream, (own, *others), jobs), SETTINGS)


def test_the_only_fitting_job_is_adopted_at_once_despite_gaps() -> None:
    assert decide(JOB, now=BEGAN + 10_000, stream=NOTHING) == Adopt(JOB)


@pytest.mark.parametrize(
    ("own", "job"), [(replace(CREATE, end_known=False), JOB), (CREATE, replace(JOB, created_at=None))]
)
def test_without_known_seconds_another_job_may_still_show_up(
    own: UnresolvedCreate, job: UnclaimedJob
) -> None:
    so_far = replace(PROOF, replayed_at=OVER - 1)
    assert decide(job, own=own, stream=so_far, now=OVER - 1) == Wait()
    assert decide(job, own=own) == Adopt(job)
    assert isinstance(decide(job, own=own, stream=NOTHING), Ask)


def test_jobs_of_other_products_are_no_rivals() -> None:
    assert decide(JOB, replace(SECOND, kind="model_swap"), now=BEGAN + 10_000) == Adopt(JOB)


def test_a_job_made_at_another_time_is_no_rival_for_adoption() -> None:
    assert decide(JOB, replace(SECOND, created_at=ENDED + 60_000), now=BEGAN + 10_000) == Adopt(JOB)


def test_a_create_that_asked_for_other_drafts_is_no_rival() -> None:
    assert decide(JOB, others=(replace(ALIKE, variations=(3,)),)) == Adopt(JOB)


def test_a_create_that_began_after_the_job_was_made_is_no_rival() -> None:
    later = replace(ALIKE, began_at=ENDED + 60_000, latest_end=ENDED + 61_000)
    assert decide(JOB, others=(later,)) == Adopt(JOB)


def test_equal_briefs_of_other_times_are_no_rivals() -> None:
    earlier = replace(TWIN, began_at=BEGAN - 60_000, latest_end=BEGAN - 59_000)
    assert decide(JOB, others=(earlier,)) == Adopt(JOB), "it is the right one for either"


def test_of_briefs_with_the_same_body_each_gets_a_job() -> None:
    assert decide(JOB, SECOND, others=(TWIN,)) == Adopt(JOB)
    assert decide(JOB, others=(TWIN,)) == Adopt(JOB)


def test_of_two_jobs_that_fit_none_is_chosen() -> None:
    assert decide(JOB, SECOND, now=BEGAN + 10_000) == Wait()
    asked = decide(JOB, SECOND)
    assert isinstance(asked, Ask)
    assert asked.jobs == (JOB, SECOND)


def test_a_job_that_fits_two_different_briefs_is_adopted_by_neither() -> None:
    assert isinstance(decide(JOB, others=(ALIKE,)), Ask)
    assert isinstance(decide(JOB, SECOND, others=(ALIKE,)), Ask)


@pytest.mark.parametrize("ended_before_ms", [durations.API_CLOCK_ERROR_MS + 1, 60_000, 800_000])
@pytest.mark.parametrize("end_known", [True, False])
def test_a_job_may_be_the_late_one_of_a_create_given_up(ended_before_ms: int, end_known: bool) -> None:
    ended = BEGAN - ended_before_ms
    over = OVER - ended_before_ms
    earlier = replace(ALIKE, began_at=ended - 2_000, latest_end=ended, over_at=over, end_known=end_known)
    assert decide(JOB, now=BEGAN + 10_000, others=(earlier,)) == Wait()
    assert isinstance(decide(JOB, others=(earlier,)), Ask)
    assert isinstance(decide(JOB, own=earlier, others=(CREATE,)), Ask), "nor is it sent again"


def test_of_three_jobs_for_two_equal_briefs_one_is_somebody_elses() -> None:
    assert isinstance(decide(JOB, SECOND, replace(JOB, job_id="l"), others=(TWIN,)), Ask)


def test_equal_briefs_of_other_times_share_no_jobs() -> None:
    later = replace(TWIN, began_at=ENDED + 60_000, latest_end=ENDED + 61_000)
    assert isinstance(decide(JOB, SECOND, others=(later,)), Ask)


@pytest.mark.parametrize("little", [UnclaimedJob("k", BEGAN + 1), replace(SECOND, state=RunState.RUNNING)])
def test_a_job_of_which_too_little_is_known_may_be_the_one(little: UnclaimedJob) -> None:
    assert decide(JOB, little, now=BEGAN + 10_000) == Wait()
    assert isinstance(decide(JOB, little), Ask)
    assert isinstance(decide(little), Ask), "neither adopted nor sent again"


def test_a_job_of_another_time_is_not_adopted_and_forbids_sending() -> None:
    asked = decide(replace(JOB, created_at=ENDED + 60_000))
    assert isinstance(asked, Ask)
    assert len(asked.jobs) == 1


def test_when_nothing_was_missed_and_nothing_fits_it_never_arrived() -> None:
    assert decide() == NotArrived()
    assert decide(replace(JOB, kind="model_swap"), replace(SECOND, seen_at=BEGAN - 1)) == NotArrived()


def test_before_its_job_would_be_over_nothing_is_sent_again() -> None:
    assert decide(now=OVER - 1) == Wait()


@pytest.mark.parametrize(
    "gap",
    [
        {"replayed_since": BEGAN + 1},
        {"replayed_since": None},
        {"told_at": None},
    ],
)
def test_with_a_gap_or_a_silent_stream_a_person_is_asked(gap: dict[str, Any]) -> None:
    assert isinstance(decide(stream=replace(PROOF, **gap)), Ask)


def test_the_replay_after_its_end_is_waited_for_but_not_for_ever() -> None:
    behind = replace(PROOF, replayed_at=OVER - 1)
    assert decide(stream=behind, now=OVER + SPAN - 1) == Wait()
    assert isinstance(decide(stream=behind, now=OVER + SPAN), Ask)


def test_after_an_hour_observations_are_forgotten_so_nothing_is_sent_again() -> None:
    assert decide(now=BEGAN + durations.UNCLAIMED_KEPT_MS) == NotArrived()
    assert isinstance(decide(now=BEGAN + durations.UNCLAIMED_KEPT_MS + 1), Ask)


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        ({"now": BEGAN + durations.UNCLAIMED_KEPT_MS + 1}, "too long ago for what was seen then"),
        ({"stream": NOTHING}, "the event stream was not followed without a gap"),
        (
            {"stream": replace(PROOF, replayed_at=OVER - 1), "now": OVER + SPAN},
            "the event stream was not replayed since",
        ),
        ({}, "more than one brief or job fits"),
    ],
)
def test_a_question_says_why_it_is_asked_and_names_the_jobs(evidence: dict[str, Any], why: str) -> None:
    asked = decide(JOB, SECOND, **evidence)
    assert isinstance(asked, Ask)
    assert asked.jobs == (JOB, SECOND)
    assert asked.why.startswith(why)
