"""Answers about identities and the account, in every known spelling (piktid-v2.md, section 6)."""

import pytest
from calls import VALIDATION, failure
from scripted_server import Server, answer

from worker.piktid import client
from worker.piktid.answers import RunState
from worker.piktid.client import PiktID
from worker.piktid.errors import NoApiError, NotFoundError, OutcomeUnknownError, UnexpectedStatusError

PAGE = answer(404, None, {"Content-Type": "text/html"})


@pytest.mark.parametrize("missing", [answer(404), answer(405), PAGE], ids=["404", "405", "page"])
def test_preprocessing_is_asked_of_the_identity_when_its_status_path_is_missing(
    server: Server, api: PiktID, missing: bytes
) -> None:
    server.answers = [missing, answer(200, {"preprocessing_status": "completed", "status": "odd"})]
    assert api.preprocessing("abc").state is RunState.COMPLETED
    assert [seen.path for seen in server.seen] == ["/identity/abc/status", "/identity/abc"]


def test_preprocessing_that_failed_says_why(server: Server, api: PiktID) -> None:
    server.answers = [answer(200, {"preprocessing_status": "failed", "error_message": "No face"})]
    read = api.preprocessing("abc")
    assert (read.state, read.error_message) == (RunState.FAILED, "No face")


def test_an_identity_that_neither_path_knows_is_not_found(server: Server, api: PiktID) -> None:
    server.answers = [answer(404), answer(404), answer(200, {"identities": []})]
    assert type(failure(lambda: api.preprocessing("abc"))) is NotFoundError


def test_an_identity_that_web_pages_answer_for_may_be_there(server: Server, api: PiktID) -> None:
    server.answers = [PAGE, PAGE]
    assert type(failure(lambda: api.preprocessing("abc"))) is NoApiError


def test_preprocessing_falls_back_on_no_other_refusal(server: Server, api: PiktID) -> None:
    server.answers = [answer(418)]
    assert type(failure(lambda: api.preprocessing("abc"))) is UnexpectedStatusError
    assert len(server.seen) == 1


LIBRARY = [
    {"identity_code": "a", "name": "Mine", "visibility": "private", "created_by": "17"},
    {"identity_code": "b", "visibility": "shared", "created_by": "me@example.com"},
    {"identity_code": "c", "visibility": "shared", "created_by": "colleague"},
    {"identity_code": "d", "visibility": "default", "created_by": None},
    {"identity_code": "e"},
    {"name": "no code"},
    "no identity",
]


def test_own_identities_are_those_the_account_made_over_all_pages(server: Server, api: PiktID) -> None:
    server.answers = [
        answer(200, {"identities": LIBRARY[:3], "pagination": {"page": 1, "pages": 2, "has_next": True}}),
        answer(200, {"identities": LIBRARY[2:], "pagination": {"page": 2, "pages": 2}}),
        answer(200, {"username": "me", "email": "me@example.com", "credits": 7}),
    ]
    assert [identity.identity_code for identity in api.own_identities()] == ["a", "b", "e"]
    assert server.seen[0].path == "/identity?ownership=mine&page=1&per_page=100"
    assert server.seen[1].path == "/identity?ownership=mine&page=2&per_page=100"


def test_without_a_word_on_pages_the_list_ends_where_nothing_new_comes(server: Server, api: PiktID) -> None:
    page = answer(200, {"identities": [LIBRARY[0]]})
    server.answers = [page, page]
    assert [identity.name for identity in api.own_identities()] == ["Mine"]


def test_a_list_filter_that_the_api_refuses_is_left_out(server: Server, api: PiktID) -> None:
    page = {"identities": [LIBRARY[0], LIBRARY[3]], "pagination": {"has_next": False}}
    server.answers = [answer(400, VALIDATION), answer(200, page)]
    assert [identity.identity_code for identity in api.own_identities()] == ["a"]
    assert server.seen[1].path == "/identity?page=1&per_page=100"


def test_a_list_of_identities_without_end_is_given_up(server: Server, api: PiktID) -> None:
    pages = [
        {"identities": [{"identity_code": str(n)}], "pagination": {"has_next": True}} for n in range(101)
    ]
    server.answers = [answer(200, page) for page in pages]
    assert type(failure(api.own_identities)) is OutcomeUnknownError
    assert len(server.seen) == client.MAX_PAGES
