"""What each status of a refusal means, and what is read of its body (guide, *Error handling*)."""

import pytest
from calls import TOKEN, VALIDATION, refused

from worker.piktid import error_body
from worker.piktid.errors import (
    AlreadyPromotedError,
    ApiError,
    ForbiddenError,
    InvalidRequestError,
    JobsFullError,
    NameTakenError,
    NotFoundError,
    OutcomeUnknownError,
    OutOfCreditsError,
    RateLimitedError,
    SlotsFullError,
    StatusError,
    ThrottledError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedStatusError,
)

STATUSES = [
    (400, VALIDATION, InvalidRequestError),
    (422, VALIDATION, InvalidRequestError),
    (401, {"error": "Token expired"}, UnauthorizedError),
    (402, {"error": "Insufficient credits", "required_credits": 30.0}, OutOfCreditsError),
    (403, {"error": "4K needs another tier"}, ForbiddenError),
    (404, {"error": "Image result not found"}, NotFoundError),
    (409, {"error": "Already promoted", "identity_code": "abc1234567xy"}, AlreadyPromotedError),
    (409, {"error": "The name is taken"}, NameTakenError),
    (429, {"error": "Slow down"}, ThrottledError),
    (429, {"error": "Maximum identities reached."}, SlotsFullError),
    (429, {"error": "Maximum concurrent jobs reached"}, JobsFullError),
    (429, {"error": "Rate limit exceeded"}, RateLimitedError),
    (503, {"error": "Identity creation is not enabled"}, UnavailableError),
    (302, None, UnexpectedStatusError),
    (405, {"error": "Not this way"}, UnexpectedStatusError),
    (500, {"error": "It broke"}, OutcomeUnknownError),
    (502, b"<html><h1>Bad gateway</h1></html>", OutcomeUnknownError),
    (504, None, OutcomeUnknownError),
]


@pytest.mark.parametrize(("status", "body", "kind"), STATUSES)
def test_each_status_has_its_class_and_keeps_the_apis_own_words(
    status: int, body: object, kind: type[ApiError]
) -> None:
    error = refused(status, body)
    assert type(error) is kind
    if isinstance(error, StatusError):
        assert error.status == status
    if isinstance(body, dict):
        assert body["error"] in str(error)


@pytest.mark.parametrize(
    ("status", "told"),
    [(500, "POST /x: answered 500: It broke"), (403, "403: It broke"), (405, "405: It broke")],
)
def test_an_error_tells_its_status_and_a_lost_answer_its_call(status: int, told: str) -> None:
    assert str(refused(status, {"error": "It broke"})) == told


def test_a_validation_error_names_every_field_and_message() -> None:
    error = refused(400, {**VALIDATION, "detail": [*VALIDATION["detail"], {"message": "Empty"}]})
    assert error.faults == (("instructions.0.options.ar", "Not a ratio"), ("", "Empty"))
    assert error.message == "Invalid request; instructions.0.options.ar: Not a ratio; Empty"


@pytest.mark.parametrize(
    "body",
    [
        {"error": "The prompt names a real person", "blocked_term": "Conan O'Brien"},
        {"error": "No real persons", "detail": {"blockedTerms": ["Conan O'Brien"]}},
        {"error": "Refused, blocked term: 'Conan O'Brien'."},
        {"error": "x", "detail": [{"field": "prompt", "message": 'blocked term: "Conan O\'Brien"'}]},
        b"Refused. Blocked term: 'Conan O'Brien'",
    ],
)
def test_the_blocked_term_is_found_wherever_it_stands(body: object) -> None:
    error = refused(400, body)
    assert error.blocked_term == "Conan O'Brien"
    assert "Conan O'Brien" in error.message


def test_a_plain_validation_error_has_no_blocked_term() -> None:
    assert refused(400, VALIDATION).blocked_term is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"required_credits": 30.0, "in_progress_credits": 5, "user_credits": 12},
            "(credits: required 30, in progress 5, balance 12)",
        ),
        ({"detail": {"required_credits": "30", "user_credits": None}}, "(credits: required 30)"),
        ({"error": "no", "required_credits": True, "in_progress_credits": [], "user_credits": "much"}, "no"),
        (b"not JSON", "not JSON"),
    ],
)
def test_the_numbers_of_credits_may_be_of_any_type_or_missing(body: object, told: str) -> None:
    assert refused(402, body).message.endswith(told)


def test_only_identity_code_proves_that_a_draft_is_promoted() -> None:
    assert refused(409, {"identity_code": "abc"}).identity_code == "abc"
    assert type(refused(409, {"existing_identity_code": "other"})) is NameTakenError


def test_a_conflict_that_broke_off_is_neither_promoted_nor_a_taken_name() -> None:
    error = refused(409, {"error": "Conflict", "identity_code": "abc"}, whole=False)
    assert type(error) is OutcomeUnknownError


@pytest.mark.parametrize(
    "body", [b'{"error": "The draft was already promo', b"<html>Conflict</html>", b"", b"[]"]
)
def test_an_unreadable_conflict_is_neither_promoted_nor_a_taken_name(body: bytes) -> None:
    assert type(refused(409, body)) is OutcomeUnknownError


def test_a_refusal_whose_body_broke_off_is_still_a_refusal() -> None:
    error = refused(400, b'{"error": "Invalid requ', whole=False)
    assert type(error) is InvalidRequestError
    assert error.message == '{"error": "Invalid requ'


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 418, 422, 429, 503])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b"\xff\x00\x1b[31m",
        b'{"error": 1, "detail": [null, {"field": [], "message": {}}, 3], "identity_code": ["x"]}',
        b'{"error": "\\ud800", "detail": {"error": null}}',
        b"blocked term: " * 300_000,
        b"x" * 2_000_000,
    ],
    ids=range(6),
)
def test_an_odd_body_never_hides_what_the_status_says(status: int, body: bytes) -> None:
    error = refused(status, body)
    assert isinstance(error, StatusError) or (status == 409 and type(error) is OutcomeUnknownError)
    assert str(error).isprintable()
    assert len(str(error)) < 2 * error_body.EXCERPT_LENGTH


@pytest.mark.parametrize("status", [400, 401, 429, 500])
@pytest.mark.parametrize(
    "body",
    [
        {"error": f"Bad token {TOKEN}"},
        {"detail": [{"field": TOKEN, "message": f"see {TOKEN}"}]},
        f"<p>{TOKEN}</p>".encode(),
    ],
)
def test_an_answer_that_quotes_the_token_is_told_without_it(status: int, body: object) -> None:
    error = refused(status, body)
    assert TOKEN not in f"{error} {vars(error)}"
    assert "[secret]" in str(error)


def test_links_in_an_error_lose_their_query() -> None:
    error = refused(400, b"Not found: https://cdn.test/a.png?Expires=1&Signature=abc in store")
    assert error.message == "Not found: https://cdn.test/a.png?[query] in store"


# --- which 429 it is, and how long it asks us to wait ------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"Maximum identities reached.", SlotsFullError),
        ({"message": "You have reached the identity slot limit"}, SlotsFullError),
        ({"detail": "Too many jobs running"}, JobsFullError),
        ({"error": "Too Many Requests", "message": "concurrency cap"}, JobsFullError),
        ({"message": "5 per 1 minute"}, RateLimitedError),
        ({"error": "Too many requests"}, ThrottledError),
        ({"error": "Rate limit: at most 5 concurrent jobs"}, ThrottledError),
        (None, ThrottledError),
        (b"<html>429</html>", ThrottledError),
    ],
)
def test_a_429_is_told_apart_by_its_text_only_when_clear(body: object, kind: type[ThrottledError]) -> None:
    assert type(refused(429, body)) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "Wed, 01 Jan 2025 00:01:00 GMT", "Date": "Wed, 01 Jan 2025 00:00:15 GMT"}, 45.0),
        ({"Retry-After": "Wed, 01 Jan 2025 01:01:00 +0100", "Date": "Wed, 01 Jan 2025 00:00:15 GMT"}, 45.0),
        ({"Retry-After": "Wed, 01 Jan 2025 00:01:00 -0000", "Date": "Wed, 01 Jan 2025 00:00:15 GMT"}, 45.0),
        ({"Retry-After": "Wed, 01 Jan 2025 00:01:00 GMT"}, 0.0),
        ({"Retry-After": "999999999"}, 3600.0),
        ({"Retry-After": "Wed, 01 Jan 9999 00:01:00 GMT"}, 3600.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "9" * 5000}, None),
        ({"Retry-After": "Wed, 99 Jan 2025 00:01:00 GMT"}, None),
        ({"Retry-After": "Wed, 01 Jan 2025 00:01:00 +99999999999999999999"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_date_and_at_most_an_hour(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert refused(429, {"error": "Rate limit"}, headers).retry_after == seconds
