"""Pictures that the API is given and describes, those of drafts, and the webhook: what is asked and read."""

import json
import logging

import pytest
from calls import TOKEN, failure
from pydantic import SecretStr
from scripted_server import RESET, Cut, Server, answer

from worker.network.pool import Pool
from worker.piktid.answers import Extracted, Upload
from worker.piktid.client import PiktID
from worker.piktid.errors import (
    ForbiddenError,
    InvalidRequestError,
    NotSentError,
    OutcomeUnknownError,
    PictureRefusedError,
)
from worker.piktid.pictures import download
from worker.piktid.uploads import secured

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
HTTPS, LOCAL = "https://v2.api.piktid.com", "http://127.0.0.1:8900"
PLACE = {
    "upload_url": "https://store.example/a?signature=secret",
    "file_id": "img_1",
    "content_type": "image/jpeg",
}


def test_a_place_is_asked_for_by_the_files_name(api: PiktID, server: Server) -> None:
    server.answers = [answer(200, PLACE)]
    upload = api.upload("ada.jpg")
    assert upload == Upload(PLACE["upload_url"], "img_1", "image/jpeg")
    assert (server.seen[0].path, json.loads(server.seen[0].body)) == ("/upload", {"filename": "ada.jpg"})
    assert "secret" not in repr(upload)


@pytest.mark.parametrize(("named", "sent"), [("image/jpeg; x=1", "image/jpeg; x=1"), (None, "image/png")])
def test_the_bytes_go_without_a_token_and_labelled_as_the_api_said(
    api: PiktID, server: Server, named: str | None, sent: str
) -> None:
    server.answers = [answer(201)]
    api.put_bytes(Upload(f"{server.url}/store?signature=a", "img_1", named), b"bytes", "image/png")
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.body) == ("PUT", "/store?signature=a", b"bytes")
    assert (seen.headers["Content-Type"], seen.headers["Authorization"]) == (sent, None)


@pytest.mark.parametrize("status", [400, 413, 415])
def test_bytes_that_storage_will_never_take_are_refused(api: PiktID, server: Server, status: int) -> None:
    server.answers = [answer(status, b"<Error>too odd</Error>")]
    refused = failure(lambda: api.put_bytes(Upload(server.url, "img_1"), b"", "image/png"))
    assert isinstance(refused, InvalidRequestError)


@pytest.mark.parametrize("reply", [answer(s) for s in (301, 401, 403, 404, 409, 429, 500, 503)] + [RESET])
def test_whatever_else_storage_says_is_no_word_of_the_account(
    api: PiktID, server: Server, reply: bytes | str
) -> None:
    server.answers = [reply]
    url = f"{server.url}/?signature=secret"
    lost = failure(lambda: api.put_bytes(Upload(url, "img_1"), b"", "image/png"))
    assert type(lost) is OutcomeUnknownError
    assert "secret" not in str(lost)


@pytest.mark.parametrize(
    ("named", "base", "used"),
    [
        ("https://store.example/a?b=c", HTTPS, "https://store.example/a?b=c"),
        ("http://store.example/a?b=c", HTTPS, "https://store.example/a?b=c"),
        ("http://store.example:80/a", HTTPS, "https://store.example/a"),
        ("http://store.example:9000/a", HTTPS, "https://store.example:9000/a"),
        ("http://127.0.0.1:8900/a", LOCAL, "http://127.0.0.1:8900/a"),
    ],
)
def test_an_upload_url_is_encrypted_where_the_api_is(named: str, base: str, used: str) -> None:
    assert secured(named, base) == used


@pytest.mark.parametrize(
    "named", ["http://store.example/a", "ftp://store.example/a", "https://a:b@c/", "a", "http://["]
)
def test_an_upload_url_in_clear_text_is_refused(named: str) -> None:
    with pytest.raises(PictureRefusedError):
        secured(named, LOCAL)


def test_a_picture_is_described_for_this_product_and_no_other(api: PiktID, server: Server) -> None:
    traits = {"appearance": {"age": "25-30"}, "hair": {"color": "red"}}
    server.answers = [answer(200, {"instruction_data": traits, "suggested_name": "Ada"})]
    assert api.extract("img_1") == Extracted(traits, "Ada")
    assert json.loads(server.seen[0].body) == {"file_id": "img_1", "type": "identity_creation"}


def test_a_description_that_cannot_be_read_may_have_been_charged(api: PiktID, server: Server) -> None:
    server.answers = [answer(200, {})]
    assert isinstance(failure(lambda: api.extract("img_1")), OutcomeUnknownError)


def test_an_extraction_that_did_not_leave_is_known_not_to_have(pool: Pool) -> None:
    api = PiktID(pool, "http://127.0.0.1:9", SecretStr(TOKEN))
    assert isinstance(failure(lambda: api.extract("img_1")), NotSentError)


def test_setting_the_webhook_gives_its_secret_which_no_text_shows(api: PiktID, server: Server) -> None:
    server.answers = [answer(200, {"id": 7, "url": "https://a.example/", "secret": "hush"})]
    webhook = api.set_webhook("https://a.example/")
    assert webhook.secret is not None
    assert webhook.secret.get_secret_value() == "hush"
    assert "hush" not in f"{webhook}"
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("PUT", "/webhooks")


@pytest.mark.parametrize(("body", "status"), [({"last_response_status": 204}, 204), (None, None)])
def test_a_test_event_tells_the_receivers_last_answer_where_known(
    api: PiktID, server: Server, body: object, status: int | None
) -> None:
    server.answers = [answer(200, body)]
    assert api.test_webhook() == status
    assert (server.seen[0].method, server.seen[0].path) == ("POST", "/webhooks/test")


# --- drafts' pictures: what is fetched, how, and what is refused ------------------------------------------


@pytest.mark.parametrize(
    ("content", "suffix", "content_type"),
    [
        (PNG, ".png", "image/png"),
        (b"\xff\xd8\xff\xe0 and so on", ".jpg", "image/jpeg"),
        (b"RIFF\n\n\n\nWEBPVP8 ", ".webp", "image/webp"),
    ],
)
def test_a_picture_is_named_for_what_it_is_not_for_its_label(
    server: Server, pool: Pool, content: bytes, suffix: str, content_type: str
) -> None:
    server.answers = [answer(200, content, {"Content-Type": "application/octet-stream"})]
    picture = download(pool, f"{server.url}/drafts/1.jpg?Signature=abc")
    assert (picture.content, picture.suffix, picture.content_type) == (content, suffix, content_type)


def test_a_picture_is_fetched_without_token_and_its_link_not_logged(
    server: Server, pool: Pool, api: PiktID, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.answers = [answer(200, {"credits": 1}, {"Set-Cookie": "a=b"}), answer(200, PNG)]
    api.me()
    download(pool, f"{server.url}/1.png?Signature=abc")
    assert server.seen[1].path == "/1.png?Signature=abc"
    assert server.seen[1].headers["Authorization"] is None
    assert server.seen[1].headers["Cookie"] is None
    assert "Signature" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.test/1.png",
        "file:///etc/passwd",
        "//cdn.test/1.png",
        "",
        "http://[",
        "http://127.0.0.1.test/",
    ],
)
def test_a_picture_is_fetched_over_https_or_from_this_machine_only(pool: Pool, url: str) -> None:
    assert type(failure(lambda: download(pool, url))) is PictureRefusedError


def test_what_is_no_picture_or_too_large_is_refused(server: Server, pool: Pool) -> None:
    server.answers = [answer(200, b"<html>", {"Content-Type": "image/png"}), answer(200, PNG)]
    assert type(failure(lambda: download(pool, server.url))) is PictureRefusedError
    assert type(failure(lambda: download(pool, server.url, max_bytes=len(PNG) - 1))) is PictureRefusedError


def test_a_picture_that_broke_off_or_has_moved_is_no_picture(server: Server, pool: Pool) -> None:
    server.answers = [Cut(answer(200, PNG)[:-1]), answer(403, b"<Error>Expired</Error>")]
    assert type(failure(lambda: download(pool, f"{server.url}/?a=b"))) is OutcomeUnknownError
    expired = failure(lambda: download(pool, f"{server.url}/?Signature=abc"))
    assert type(expired) is ForbiddenError
    assert "Signature" not in str(expired)
