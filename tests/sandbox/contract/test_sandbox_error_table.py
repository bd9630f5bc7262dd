"""The guide's *Error handling*, one row for each cause of each status."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from sandbox_api import RED, Api

Row = tuple[int, Callable[[Api], requests.Response], set[str]]
HOUR = {"drafts_median_seconds": 3600, "preprocessing_median_seconds": 3600}


def create(**fields: Any) -> Callable[[Api], requests.Response]:
    return lambda api: api.post("/identity/create", fields)


def with_option(**options: Any) -> Callable[[Api], requests.Response]:
    return lambda api: api.create({**RED, "options": options})


def promoting(**settings: Any) -> Callable[[Api], requests.Response]:
    """Promote a draft that was made under these settings."""

    def call(api: Api) -> requests.Response:
        api.set(**settings)
        return api.promote(api.drafts()[0])

    return call


def changed_before_promoting(**settings: Any) -> Callable[[Api], requests.Response]:
    """Promote a draft under settings that came after it."""

    def call(api: Api) -> requests.Response:
        [draft] = api.drafts()
        api.set(**settings)
        return api.promote(draft)

    return call


def creating(**settings: Any) -> Callable[[Api], requests.Response]:
    """Create twice under these settings; the second answer counts."""

    def call(api: Api) -> requests.Response:
        api.set(**settings)
        api.create()
        return api.create()

    return call


def promote_a_draft_of_another_product(api: Api) -> requests.Response:
    made = api.sandbox._call("POST", "/_sandbox/other-jobs", {"account": api.account, "seconds": 0})
    return api.promote(made["image_result_ids"][0])


def promote_twice(api: Api) -> requests.Response:
    [draft] = api.drafts()
    api.promote(draft)
    return api.promote(draft)


def promote_under_a_taken_name(api: Api) -> requests.Response:
    first, second = api.drafts(2)
    api.promote(first, name="Ada")
    return api.promote(second, name="Ada")


NUMBERS = {"required_credits", "in_progress_credits", "user_credits"}
TABLE: dict[str, Row] = {
    "400 no instructions": (400, create(instructions=[]), {"detail"}),
    "400 more than five instructions": (400, create(instructions=[RED] * 6), {"detail"}),
    "400 bad aspect ratio": (400, with_option(ar="7:5"), {"detail"}),
    "400 bad size": (400, with_option(size="8K"), {"detail"}),
    "400 bad format": (400, with_option(format="webp"), {"detail"}),
    "400 missing reference image": (
        400,
        create(instructions=[{"prompt": "x", "input_assets": [{"file_id": "none"}]}]),
        {"detail"},
    ),
    "400 empty instruction": (400, create(instructions=[{}]), {"detail"}),
    "400 real person": (400, create(instructions=[{"prompt": "Tom Cruise"}]), {"blocked_term"}),
    "400 draft of another kind of job": (400, promote_a_draft_of_another_product, set()),
    "400 draft not completed": (400, promoting(draft_failure_rate=1), set()),
    "400 not exactly one face": (400, promoting(wrong_faces_rate=1), set()),
    "402 create": (402, creating(credits=1), NUMBERS),
    "402 promote": (402, changed_before_promoting(credits=49), NUMBERS),
    "403 size above the tier": (403, creating(tier="free"), set()),
    "404 unknown draft": (404, lambda api: api.promote(1), set()),
    "409 already promoted": (409, promote_twice, {"identity_code"}),
    "409 taken name": (409, promote_under_a_taken_name, set()),
    "429 rate limit of create": (429, creating(create_per_minute=1), set()),
    "429 rate limit of promote": (429, promoting(promote_per_minute=0), set()),
    "429 concurrent jobs": (429, creating(jobs_cap=1, **HOUR), set()),
    "429 concurrent jobs, preprocessing": (429, changed_before_promoting(jobs_cap=0), set()),
    "429 identity slots": (429, promoting(slots_cap=0), set()),
    "503 switched off, create": (503, creating(identity_creation_enabled=False), set()),
    "503 switched off, promote": (503, changed_before_promoting(identity_creation_enabled=False), set()),
}


@pytest.mark.parametrize("row", TABLE)
def test_each_row_of_the_guides_error_table_is_answered_so(api: Api, row: str) -> None:
    status, call, fields = TABLE[row]
    answer = call(api)
    assert (answer.status_code, set(answer.json())) == (status, {"error", *fields})
