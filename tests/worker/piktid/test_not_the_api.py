"""Who says no: the API, which speaks JSON and knows its list of identities, or something before it."""

import pytest
from calls import BODY, failure
from scripted_server import RESET, Server, answer

from worker.piktid.client import PiktID
from worker.piktid.errors import (
    ForbiddenError,
    InvalidRequestError,
    NoApiError,
    NotFoundError,
    OutcomeUnknownError,
    UnauthorizedError,
)

TEXT = {"Content-Type": "text/plain"}
#: As Kong, Amazon's gateway, FastAPI and others answer for a path that leads nowhere.
NO_ROUTE = {"message": "no Route matched with those values"}
IDENTITIES = {"identities": [], "pagination": {"has_next": False}}


@pytest.mark.parametrize("status", [400, 403, 404, 405, 407, 422, 511])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/html; charset=utf-8"}, b""),
        ({"Content-Type": "Text/HTML"}, b'{"error": "odd"}'),
        (TEXT, b"404 page not found"),
        ({}, b"<h1>Blocked by the firewall</h1>"),
    ],
)
def test_a_page_is_no_refusal_by_the_api(
    server: Server, api: PiktID, status: int, headers: dict[str, str], body: bytes
) -> None:
    server.answers = [answer(status, body, headers)]
    error = failure(lambda: api.create(BODY))
    assert (type(error), len(server.seen)) == (NoApiError, 1)
    assert "set PIKTID_API_URL right" in str(error)


def test_what_a_page_says_is_told(server: Server, api: PiktID) -> None:
    server.answers = [answer(403, b"<h1>Blocked: rule 7</h1>", {"Content-Type": "text/html"})]
    error = failure(lambda: api.create(BODY))
    assert "Blocked: rule 7" in str(error)
    assert "gateway, firewall, proxy" in str(error)


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (400, TEXT, b'{"error": "no ratio"}', InvalidRequestError),
        (400, {"Content-Type": "application/json"}, b"broken", InvalidRequestError),
        (400, {}, None, InvalidRequestError),
        (401, TEXT, b"Unauthorized", UnauthorizedError),
        (413, {"Content-Type": "text/html"}, b"<h1>Too large</h1>", InvalidRequestError),
        (409, {"Content-Type": "text/html"}, b"<h1>Conflict</h1>", OutcomeUnknownError),
    ],
)
def test_what_may_be_the_apis_own_is_taken_for_it(
    server: Server, api: PiktID, status: int, headers: dict[str, str], body: bytes | None, kind: type
) -> None:
    server.answers = [answer(status, body, headers)]
    assert type(failure(lambda: api.create(BODY))) is kind


@pytest.mark.parametrize(("status", "kind"), [(403, ForbiddenError), (404, NotFoundError)])
@pytest.mark.parametrize("listed", [answer(200, IDENTITIES), answer(429, {}), answer(401, {})])
def test_a_refusal_is_the_apis_where_the_list_of_identities_is_known(
    server: Server, api: PiktID, status: int, kind: type, listed: bytes
) -> None:
    server.answers = [answer(status, NO_ROUTE), listed]
    assert type(failure(lambda: api.promote(1))) is kind
    assert server.seen[1].path == "/identity?page=1&per_page=1"


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize(
    "listed", [answer(404, NO_ROUTE), answer(403, NO_ROUTE), answer(200, b"<p>Sign in", TEXT)]
)
def test_a_refusal_that_the_list_of_identities_meets_too_is_a_gateways(
    server: Server, api: PiktID, status: int, listed: bytes
) -> None:
    server.answers = [answer(status, NO_ROUTE), listed]
    error = failure(lambda: api.job_status("job_1"))
    assert (type(error), len(server.seen)) == (NoApiError, 2)
    assert "set PIKTID_API_URL right" in str(error)


@pytest.mark.parametrize("listed", [RESET, answer(502, NO_ROUTE)])
def test_nobody_knows_who_refused_where_the_list_is_not_answered(
    server: Server, api: PiktID, listed: bytes
) -> None:
    server.answers = [answer(404, NO_ROUTE), listed]
    assert type(failure(lambda: api.create(BODY))) is OutcomeUnknownError
