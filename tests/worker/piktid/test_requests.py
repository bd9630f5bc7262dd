"""What is sent, to whom, and that the token is told to nobody else."""

import json
from collections.abc import Callable

import pytest
from calls import BODY, TOKEN, VALIDATION, failure
from pydantic import SecretStr
from scripted_server import Cut, Server, answer

from worker.network.pool import Pool
from worker.piktid import transport
from worker.piktid.client import PiktID
from worker.piktid.errors import (
    ApiError,
    InvalidRequestError,
    NoApiError,
    NotSentError,
    OutcomeUnknownError,
    PageAnsweredError,
    RedirectedError,
    UnexpectedStatusError,
)


def test_a_call_sends_the_body_the_token_and_no_cookie(server: Server, api: PiktID) -> None:
    cookie = {"Set-Cookie": "session=of-this-account; Path=/"}
    server.answers = [answer(202, {"job_id": "job_1"}, cookie), answer(201, {"identity_code": "a"}, cookie)]
    api.create(BODY)
    api.promote(12346, name="Spring")
    first, second = server.seen
    assert (first.method, first.path, json.loads(first.body)) == ("POST", "/identity/create", BODY)
    assert first.headers["Authorization"] == second.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(second.body) == {"image_result_id": 12346, "name": "Spring"}
    assert second.headers["Cookie"] is None


def test_accounts_that_share_the_pool_keep_their_own_tokens(server: Server, pool: Pool) -> None:
    server.answers = [answer(200, {"credits": 1}), answer(200, {"credits": 2})]
    for token in ("one", "two"):
        PiktID(pool, server.url, SecretStr(token)).me()
    assert [seen.headers["Authorization"] for seen in server.seen] == ["Bearer one", "Bearer two"]


def test_ids_cannot_climb_out_of_their_path(server: Server, api: PiktID) -> None:
    server.answers = [answer(200, {"status": "pending"}), answer(200, {"status": "pending"})]
    api.job_status("../auth/me?x=#")
    api.preprocessing("..")
    assert server.seen[0].path == "/jobs/%2E%2E%2Fauth%2Fme%3Fx%3D%23/status"
    assert server.seen[1].path == "/identity/%2E%2E/status"


def test_an_id_longer_than_any_url_is_not_sent(server: Server, api: PiktID) -> None:
    assert type(failure(lambda: api.job_status("x" * 70_000))) is NotSentError


@pytest.mark.parametrize(
    ("leads", "said"),
    [
        ("https://api.example/v2/identity/create?key=hidden", "set PIKTID_API_URL to https://api.example/v2"),
        ("https://user:hidden@api.example/identity/create", "set PIKTID_API_URL to https://api.example"),
        ("/v3/identity/create", "set PIKTID_API_URL to {url}/v3"),
        ("/identity/create", "the login page of this network"),
        ("http://wifi.example/hidden?for=hidden#hidden", "a redirect to http://wifi.example, which"),
        ("http://wifi.example/identity/create", "a redirect to http://wifi.example, which"),
        (f"https://{TOKEN}.example/", "a redirect to https://[secret].example, which"),
        ("http://a:port/", "a redirect to nowhere"),
        (None, "the login page of this network"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_its_remedy_told(
    server: Server, api: PiktID, status: int, leads: str | None, said: str
) -> None:
    server.answers = [answer(status, None, {} if leads is None else {"Location": leads})]
    error = failure(lambda: api.create(BODY))
    assert type(error) is RedirectedError
    assert said.format(url=server.url) in str(error)
    assert "hidden" not in str(error)
    assert TOKEN not in str(error)
    assert len(server.seen) == 1


def test_a_redirect_that_may_mean_done_is_none_that_was_refused(server: Server, api: PiktID) -> None:
    server.answers = [answer(303, None, {"Location": "/jobs/job_1"})]
    assert type(failure(lambda: api.create(BODY))) is UnexpectedStatusError


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>Sign in", b"\xef\xbb\xbf \n<html>"])
@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda api: api.create(BODY), PageAnsweredError),
        (lambda api: api.promote(1), PageAnsweredError),
        (lambda api: api.upload("a.jpg"), NoApiError),
        (lambda api: api.me(), NoApiError),
    ],
)
def test_a_web_page_as_an_answer_is_told_in_words(
    server: Server, api: PiktID, call: Callable[[PiktID], object], kind: type[ApiError], page: bytes
) -> None:
    server.answers = [answer(200, page, {"Content-Type": "text/html"})]
    error = failure(lambda: call(api))
    assert type(error) is kind
    assert "web page: is it the login page of this network, or is PIKTID_API_URL" in str(error)


@pytest.mark.parametrize("call", [lambda api: api.create(BODY), lambda api: api.promote(12346)])
@pytest.mark.parametrize(("status", "kind"), [(400, InvalidRequestError), (502, OutcomeUnknownError)])
def test_what_is_refused_is_not_sent_twice(
    server: Server, api: PiktID, call: Callable[[PiktID], object], status: int, kind: type[ApiError]
) -> None:
    server.answers = [answer(status, {"error": "It broke"})]
    error = failure(lambda: call(api))
    assert type(error) is kind
    assert "It broke" in str(error)
    assert len(server.seen) == 1


def test_a_refusal_that_breaks_off_proves_no_promotion(server: Server, api: PiktID) -> None:
    server.answers = [Cut(answer(400, VALIDATION)[:-10])]
    error = failure(lambda: api.create(BODY))
    assert type(error) is InvalidRequestError
    assert "Invalid request" in error.message
    server.answers = [Cut(answer(409, {"error": "Conflict", "identity_code": "abc"})[:-10])]
    assert type(failure(lambda: api.promote(1))) is OutcomeUnknownError


def test_a_refusal_of_any_length_is_read_to_a_limit(server: Server, api: PiktID) -> None:
    server.answers = [answer(400, b"x" * (transport.MAX_BODY_BYTES * 2))]
    error = failure(lambda: api.promote(1))
    assert type(error) is InvalidRequestError
    assert error.message.startswith("xxx")


def test_the_token_stands_in_no_text(server: Server, api: PiktID) -> None:
    body = {
        "error": f"Bad token {TOKEN}",
        "detail": [{"field": TOKEN, "message": f"see https://x/y?t={TOKEN}"}],
    }
    for status in (400, 401, 409, 429, 500):
        server.answers = [answer(status, body)]
        error = failure(lambda: api.promote(1))
        assert TOKEN not in f"{error} {error!r} {vars(error)} {error.args}"
    assert TOKEN not in repr(api)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_code_will_do(server: Server, api: PiktID, status: int) -> None:
    server.answers = [
        answer(status, {"job_id": "job_1", "total_variations": 3, "message": "dispatched"}),
        answer(status, {"identity_code": "abc1234567xy"}),
    ]
    assert api.create(BODY).job_id == "job_1"
    promoted = api.promote(12346)
    assert (promoted.identity_code, promoted.preprocessing_job_id) == ("abc1234567xy", None)


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"<html>It works</html>",
        b"\xff\xfe\xfd",
        b"[" * 200_000,
        b"9" * 5000,
        b"[1, 2]",
        b'"job_1"',
        b"null",
        b'{"job_id": null}',
        b'{"job_id": ""}',
        b'{"job_id": true}',
        b'{"job_id": {"id": 1}}',
        b'{"job_id": "' + b"x" * 5000 + b'"}',
        b" " * (transport.MAX_BODY_BYTES + 1) + b'{"job_id": "job_1"}',
    ],
    ids=range(15),
)
def test_a_success_without_the_needed_field_leaves_the_outcome_unknown(
    server: Server, api: PiktID, body: bytes | None
) -> None:
    server.answers = [answer(202, body)]
    assert isinstance(failure(lambda: api.create(BODY)), OutcomeUnknownError)


@pytest.mark.parametrize("token", ["", " ", "two\nlines", "tok\u00e9n", " padded"])
def test_a_token_that_no_header_can_carry_is_refused_unnamed(pool: Pool, token: str) -> None:
    with pytest.raises(ValueError, match="no header can carry") as raised:
        PiktID(pool, "https://v2.api.piktid.com", SecretStr(token))
    assert not token.strip() or token not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.test",
        "ftp://api.test",
        "api.test",
        "https://",
        "https://user:pass@api.test",
        "https://a/?b=c",
    ],
)
def test_an_api_that_would_get_the_token_in_the_clear_is_refused(pool: Pool, url: str) -> None:
    with pytest.raises(ValueError, match="must be https"):
        PiktID(pool, url, SecretStr(TOKEN))
