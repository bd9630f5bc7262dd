"""What an error of the API means for each call: the guide's table, and what it does not tell of."""

from typing import Any

import pytest

from config import durations
from config.settings import Settings
from worker.ledger.states import BRIEF, PROMOTION
from worker.ledger.transition import Completion, Throttle
from worker.lifecycle.error_policy import (
    AGAIN,
    CREATE,
    EXTRACT,
    NEXT_DRAFT,
    PROMOTE,
    UPLOAD,
    Decision,
    Rule,
    decide,
)
from worker.piktid import errors as api

#: A sandbox ten times as fast as the API.
SETTINGS = Settings(api_url="http://127.0.0.1", speed=10)
#: The longest pause before another try where the API names none: its minute, at this speed.
MINUTE = 6_000
RULES = {"create": CREATE, "promote": PROMOTE, "upload": UPLOAD, "extract": EXTRACT}

NEVER_LEFT = api.NotSentError("no connection")
LOST = api.OutcomeUnknownError("no answer")
INVALID = api.InvalidRequestError(400, "blocked")
UNAUTHORIZED = api.UnauthorizedError(401, "expired")
NO_CREDITS = api.OutOfCreditsError(402, "too few", required_credits=30)
FORBIDDEN = api.ForbiddenError(403, "above the tier")
NOT_FOUND = api.NotFoundError(404, "no such draft")
PROMOTED = api.AlreadyPromotedError(409, "promoted", identity_code="c")
NAME_TAKEN = api.NameTakenError(409, "taken")
THROTTLED = api.ThrottledError(429, "slow down")
OFF = api.UnavailableError(503, "switched off")
REDIRECTED = api.RedirectedError(307, "elsewhere")
PAGE = api.PageAnsweredError("answered 200, but with a web page")
NO_API = api.NoApiError(404, "a web page")
UNDOCUMENTED = api.UnexpectedStatusError(418, "a teapot")
NO_PICTURE = api.PictureRefusedError("no picture")

#: The state that the record goes to and what is held up, for each call.
ROWS: list[tuple[api.ApiError, dict[str, tuple[str, str | None]]]] = [
    (
        NEVER_LEFT,
        {
            "create": ("waiting", "pause"),
            "promote": ("planned", "pause"),
            "upload": (AGAIN, None),
            "extract": ("preparing", "pause"),
        },
    ),
    (
        LOST,
        {
            "create": ("uncertain", None),
            "promote": ("planned", "promote"),
            "upload": (AGAIN, None),
            "extract": ("held", None),
        },
    ),
    (PAGE, {"create": ("uncertain", "pause"), "promote": ("planned", "pause"), "extract": ("held", None)}),
    (
        INVALID,
        {
            "create": ("failed", None),
            "promote": (NEXT_DRAFT, None),
            "upload": ("failed", None),
            "extract": ("failed", None),
        },
    ),
    (
        UNAUTHORIZED,
        {
            "create": ("waiting", "pause"),
            "promote": ("planned", "pause"),
            "upload": ("preparing", "pause"),
            "extract": ("preparing", "pause"),
        },
    ),
    (REDIRECTED, {"create": ("waiting", "pause"), "promote": ("planned", "pause")}),
    (NO_API, {"create": ("waiting", "pause"), "promote": ("planned", "pause")}),
    (NO_API, {"upload": ("preparing", "pause"), "extract": ("preparing", "pause")}),
    (REDIRECTED, {"upload": ("preparing", "pause"), "extract": ("preparing", "pause")}),
    (
        NO_CREDITS,
        {
            "create": ("waiting", "create"),
            "promote": ("planned", "promote"),
            "upload": ("preparing", "create"),
            "extract": ("preparing", "create"),
        },
    ),
    (FORBIDDEN, {"create": ("failed", None), "promote": (NEXT_DRAFT, None), "extract": ("failed", None)}),
    (NOT_FOUND, {"create": ("failed", None), "promote": (NEXT_DRAFT, None), "extract": ("failed", None)}),
    (NAME_TAKEN, {"promote": ("failed", None)}),
    (
        THROTTLED,
        {
            "create": ("waiting", "429"),
            "promote": ("planned", "429"),
            "upload": ("preparing", "prepare"),
            "extract": ("preparing", "prepare"),
        },
    ),
    (
        OFF,
        {
            "create": ("waiting", "create"),
            "promote": ("planned", "promote"),
            "upload": ("preparing", "create"),
            "extract": ("preparing", "create"),
        },
    ),
    (
        UNDOCUMENTED,
        {
            "create": ("uncertain", None),
            "promote": ("planned", "promote"),
            "upload": ("failed", None),
            "extract": ("held", None),
        },
    ),
    (NO_PICTURE, {"upload": ("failed", None)}),
]
CASES = [(call, error, *expected) for error, row in ROWS for call, expected in row.items()]


def decided(call: str, error: api.ApiError) -> Decision:
    return decide(RULES[call], error, SETTINGS)


@pytest.mark.parametrize(
    ("call", "error", "to", "held_up"), CASES, ids=[f"{case[0]}-{type(case[1]).__name__}" for case in CASES]
)
def test_each_error_has_its_next_state_and_what_it_holds_up(
    call: str, error: api.ApiError, to: str, held_up: str | None
) -> None:
    found = decided(call, error)
    assert found.to == to
    assert (found.pause and found.pause.what) == (None if held_up == "429" else held_up)
    assert (found.throttle is not None) == (held_up == "429")


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_no_row_is_hidden_by_a_wider_one_before_it(rules: tuple[Rule, ...]) -> None:
    errors = [rule.error for rule in rules]
    for number, error in enumerate(errors):
        assert not issubclass(error, tuple(errors[:number]))


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_every_decision_is_a_state_or_a_word_of_its_step(rules: tuple[Rule, ...]) -> None:
    assert {rule.to for rule in rules} <= {*BRIEF, *PROMOTION, NEXT_DRAFT, AGAIN}


@pytest.mark.parametrize("call", ["create", "promote", "extract"])
def test_only_a_request_that_never_left_gives_its_token_back(call: str) -> None:
    assert decided(call, NEVER_LEFT).completion is Completion.NEVER_LEFT
    for error in (LOST, INVALID, UNAUTHORIZED, REDIRECTED, THROTTLED, OFF):
        assert decided(call, error).completion is Completion.COUNTED


def test_an_error_that_no_row_names_is_decided_by_the_last() -> None:
    assert decided("create", NO_PICTURE).to == "failed"
    assert decided("promote", api.ApiError("odd")) == Decision(NEXT_DRAFT, Completion.COUNTED)


# --- 429 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["create", "promote"])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (api.SlotsFullError, "slots"),
        (api.JobsFullError, "jobs"),
        (api.RateLimitedError, "rate"),
        (api.ThrottledError, "unclear"),
    ],
)
def test_a_429_throttles_by_its_kind(call: str, error: type[api.ThrottledError], kind: str) -> None:
    found = decided(call, error(429, "slow down", retry_after=2.5))
    assert found.throttle == Throttle(kind, 2_500, "429: slow down")
    assert found.pause is None


@pytest.mark.parametrize(
    ("retry_after", "ms"), [(None, None), (0.0, 1), (0.0004, 1), (1.0006, 1_001), (3_600.0, 3_600_000)]
)
def test_retry_after_is_real_time_and_a_ms_at_least(retry_after: float | None, ms: int | None) -> None:
    found = decided("create", api.RateLimitedError(429, "", retry_after=retry_after))
    assert found.throttle is not None
    assert found.throttle.ms == ms


# --- pauses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "ms"),
    [
        ("create", NEVER_LEFT, 5_000),
        ("promote", LOST, 5_000),
        ("create", UNAUTHORIZED, MINUTE),
        ("create", NO_CREDITS, MINUTE),
        ("promote", UNDOCUMENTED, MINUTE),
        ("create", OFF, MINUTE),
        ("create", api.UnavailableError(503, "", retry_after=0.0), MINUTE),
        ("create", api.UnavailableError(503, "", retry_after=5.999), MINUTE),
        ("create", api.UnavailableError(503, "", retry_after=6.001), MINUTE + 1),
        ("create", api.UnavailableError(503, "", retry_after=40.0), 40_000),
        ("upload", THROTTLED, MINUTE),
        ("upload", api.ThrottledError(429, "", retry_after=0.0), 1),
        ("extract", api.RateLimitedError(429, "", retry_after=40.0), 40_000),
    ],
)
def test_a_pause_is_as_long_as_the_error_says(call: str, error: api.ApiError, ms: int) -> None:
    found = decided(call, error).pause
    assert found is not None
    assert found.ms == ms


def test_a_pause_of_the_api_runs_on_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "PROBE_FIRST_SECONDS", 20.0)
    monkeypatch.setattr(durations, "RATE_WINDOW_SECONDS", 30.0)
    pauses = [
        decided(*case).pause for case in [("create", OFF), ("create", NO_CREDITS), ("upload", THROTTLED)]
    ]
    assert [pause and pause.ms for pause in pauses] == [2_000, 2_000, 3_000]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NO_CREDITS, {"reason": "402: too few (credits: required 30)", "status": 402}),
        (UNAUTHORIZED, {"reason": "401: expired", "status": 401}),
        (NEVER_LEFT, {"reason": "no connection", "status": None}),
    ],
)
def test_a_pause_tells_the_apis_words_and_status(error: api.ApiError, told: dict[str, Any]) -> None:
    pause = decided("create", error).pause
    assert pause is not None
    assert {"reason": pause.reason, "status": pause.status} == told
