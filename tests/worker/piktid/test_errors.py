"""What each status of a refusal means, and what is read of its body (guide, *Error handling*)."""

from collections.abc import Callable

import pytest
from calls import BODY, VALIDATION, failure, refused
from scripted_server import Cut, Server, answer

from worker.piktid import client, error_body
from worker.piktid.client import PiktID
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
@pytest.mark.parametrize("call", [lambda api: api.create(BODY), lambda api: api.promote(12346)])
def test_each_status_has_its_class_and_keeps_the_apis_own_words(
    server: Server,
    api: PiktID,
    call: Callable[[PiktID], object],
    status: int,
    body: object,
    kind: type[ApiError],
) -> None:
    server.answers = [answer(status, body, {"Location": "/elsewhere"} if status == 302 else None)]
    error = failure(lambda: call(api))
    assert type(error) is kind
    assert len(server.seen) == 1
    if isinstance(error, StatusError):
        assert error.status == status
    if isinstance(body, dict):
        assert body["error"] in str(error)


def test_a_validation_error_names_every_field_and_message(server: Server, api: PiktID) -> None:
    error = refused(server, api, 400, {**VALIDATION, "detail": [*VALIDATION["detail"], {"message": "Empty"}]})
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
def test_the_blocked_term_is_found_wherever_it_stands(server: Server, api: PiktID, body: object) -> None:
    error = refused(server, api, 400, body)
    assert error.blocked_term == "Conan O'Brien"
    assert "Conan O'Brien" in error.message


def test_a_plain_validation_error_has_no_blocked_term(server: Server, api: PiktID) -> None:
    assert refused(server, api, 400, VALIDATION).blocked_term is None


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
def test_the_numbers_of_credits_may_be_of_any_type_or_missing(
    server: Server, api: PiktID, body: object, told: str
) -> None:
    assert refused(server, api, 402, body).message.endswith(told)


def test_only_identity_code_proves_that_a_draft_is_promoted(server: Server, api: PiktID) -> None:
    assert refused(server, api, 409, {"identity_code": "abc"}).identity_code == "abc"
    assert type(refused(server, api, 409, {"existing_identity_code": "other"})) is NameTakenError


def test_a_conflict_that_broke_off_is_neither_promoted_nor_a_taken_name(server: Server, api: PiktID) -> None:
    server.answers = [Cut(answer(409, {"error": "Conflict", "identity_code": "abc"})[:-10])]
    assert type(failure(lambda: api.promote(1))) is OutcomeUnknownError


@pytest.mark.parametrize(
    "body", [b'{"error": "The draft was already promo', b"<html>Conflict</html>", b"", b"[]"]
)
def test_an_unreadable_conflict_is_neither_promoted_nor_a_taken_name(
    server: Server, api: PiktID, body: bytes
) -> None:
    assert type(refused(server, api, 409, body)) is OutcomeUnknownError


def test_a_refusal_whose_body_broke_off_is_still_a_refusal(server: Server, api: PiktID) -> None:
    server.answers = [Cut(answer(400, VALIDATION)[:-10])]
    error = failure(lambda: api.create(BODY))
    assert type(error) is InvalidRequestError
    assert "Invalid request" in error.message


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 418, 422, 429, 503])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b"\xff\x00\x1b[31m",
        b'{"error": 1, "detail": [null, {"field": [], "message": {}}, 3], "identity_code": ["x"]}',
        b'{"error": "\\ud800", "detail": {"error": null}}',
        b"blocked term: " * 300_000,
        b"x" * (client.MAX_BODY_BYTES * 2),
    ],
    ids=range(6),
)
def test_an_odd_body_never_hides_what_the_status_says(
    server: Server, api: PiktID, status: int, body: bytes
) -> None:
    server.answers = [answer(status, body)]
    error = failure(lambda: api.promote(1))
    assert isinstance(error, StatusError) or (status == 409 and type(error) is OutcomeUnknownError)
    assert str(error).isprintable()
    assert len(str(error)) < 2 * error_body.EXCERPT_LENGTH
