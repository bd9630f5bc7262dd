"""Drafts' pictures: what is fetched, how, and what is refused."""

import logging

import pytest
from calls import failure
from scripted_server import Cut, Server, answer

from worker.network.pool import Pool
from worker.piktid.client import PiktID
from worker.piktid.errors import ForbiddenError, OutcomeUnknownError, PictureRefusedError
from worker.piktid.pictures import download

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


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
