"""Which job fits a create of unknown outcome: by its kind, its drafts and its time."""

from dataclasses import replace
from typing import Any

import pytest
from unclaimed_jobs import BEGAN, CREATE, ENDED, JOB, OVER

from config import durations
from worker.piktid.answers import RunState
from worker.unresolved.matching import (
    Fit,
)


@pytest.mark.parametrize(
    ("change", "fit"),
    [
        ({}, Fit.YES),
        ({"state": RunState.FAILED}, Fit.YES),
        ({"drafts": (2,), "state": RunState.FAILED}, Fit.YES),  # the total says that it was to make as many
        ({"drafts": (2,), "state": RunState.FAILED, "total": None}, Fit.MAYBE),
        ({"drafts": (2,), "total": None}, Fit.MAYBE),
        ({"drafts": (2,), "total": 2}, Fit.NO),
        ({"drafts": (3,)}, Fit.NO),
        ({"drafts": (1, 2)}, Fit.NO),
        ({"drafts": (2, 1, 1)}, Fit.NO),
        ({"kind": "model_swap"}, Fit.NO),
        ({"kind": ""}, Fit.MAYBE),
        ({"state": RunState.RUNNING, "drafts": (1,)}, Fit.MAYBE),
        ({"state": None}, Fit.MAYBE),
        ({"seen_at": BEGAN - 1}, Fit.NO),
        ({"seen_at": BEGAN}, Fit.YES),
    ],
)
def test_a_job_fits_a_create_by_kind_drafts_and_time(change: dict[str, Any], fit: Fit) -> None:
    assert CREATE.fit(replace(JOB, **change)) is fit


@pytest.mark.parametrize(
    ("created_at", "in_time"),
    [
        (BEGAN - durations.API_CLOCK_ERROR_MS, True),
        (BEGAN - durations.API_CLOCK_ERROR_MS - 1, False),
        (ENDED + durations.API_CLOCK_ERROR_MS, True),
        (ENDED + durations.API_CLOCK_ERROR_MS + 1, False),
        (None, None),
    ],
)
def test_a_job_is_in_time_when_it_was_made_during_the_call(
    created_at: int | None, in_time: bool | None
) -> None:
    assert CREATE.is_in_time(replace(JOB, created_at=created_at)) is in_time


@pytest.mark.parametrize(
    ("created_at", "may_own"),
    [
        (BEGAN - durations.API_CLOCK_ERROR_MS - 1, False),
        (BEGAN - durations.API_CLOCK_ERROR_MS, True),
        (ENDED + durations.API_CLOCK_ERROR_MS + 1, True),
        (OVER + durations.API_CLOCK_ERROR_MS, True),
        (OVER + durations.API_CLOCK_ERROR_MS + 1, False),
        (None, True),
    ],
)
def test_a_create_may_have_made_a_job_long_after_its_call_ended(
    created_at: int | None, may_own: bool
) -> None:
    assert CREATE.may_own(replace(JOB, created_at=created_at)) is may_own
