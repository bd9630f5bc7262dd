"""What is sent, to whom, and that the token is told to nobody else."""

import json

import httpx
import pytest
from calls import BODY, TOKEN, failure, refused
from pydantic import SecretStr
from scripted_server import Server, answer

from worker.piktid.client import PiktID
from worker.piktid.errors import NotSentError, UnexpectedStatusError


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


def test_accounts_that_share_the_pool_keep_their_own_tokens(server: Server, pool: httpx.Client) -> None:
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


def test_a_redirect_is_not_followed(server: Server, api: PiktID) -> None:
    server.answers = [answer(307, None, {"Location": f"{server.url}/elsewhere"})]
    assert type(failure(lambda: api.create(BODY))) is UnexpectedStatusError
    assert len(server.seen) == 1


def test_the_token_stands_in_no_text(server: Server, api: PiktID) -> None:
    body = {
        "error": f"Bad token {TOKEN}",
        "detail": [{"field": TOKEN, "message": f"see https://x/y?t={TOKEN}"}],
    }
    for status in (400, 401, 409, 429, 500):
        error = refused(server, api, status, body)
        assert TOKEN not in f"{error} {error!r} {vars(error)} {error.args}"
    assert TOKEN not in repr(api)


def test_links_in_an_error_lose_their_query(server: Server, api: PiktID) -> None:
    error = refused(server, api, 400, b"Not found: https://cdn.test/a.png?Expires=1&Signature=abc in store")
    assert error.message == "Not found: https://cdn.test/a.png?[query] in store"


@pytest.mark.parametrize("token", ["", " ", "two\nlines", "tok\u00e9n", " padded"])
def test_a_token_that_no_header_can_carry_is_refused_unnamed(pool: httpx.Client, token: str) -> None:
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
def test_an_api_that_would_get_the_token_in_the_clear_is_refused(pool: httpx.Client, url: str) -> None:
    with pytest.raises(ValueError, match="must be https"):
        PiktID(pool, url, SecretStr(TOKEN))
