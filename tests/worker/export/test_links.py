"""Where a picture is fetched from, whatever the link says."""

import socket

import pytest
from marked_pictures import picture
from scripted_server import Cut, Dripping, answer, serving

from config import durations
from worker.export import fetching
from worker.export.fetching import Links, PictureUnavailableError, open_pictures


def test_with_the_real_api_no_link_leads_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0)
        links = Links(open_pictures("https://api.example.com"), None, "job")
        with pytest.raises(PictureUnavailableError, match="inside a private network"):
            links.fetch(1, f"http://127.0.0.1:{inside.getsockname()[1]}/a.jpg")
        with pytest.raises(BlockingIOError):
            inside.accept()


def test_without_a_token_a_link_that_has_expired_says_what_is_missing() -> None:
    with pytest.raises(PictureUnavailableError, match="no token of its account here"):
        Links(open_pictures("https://api.example.com"), None, "job").fetch(1, None)


WHOLE = picture("JPEG")


def test_a_picture_has_one_deadline_for_all_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "PICTURE_SECONDS", 0.5)
    with serving(*[Dripping(answer(200, WHOLE)[:200])] * 20) as server:
        pool = open_pictures(server.url)
        with pytest.raises(PictureUnavailableError, match="no answer came back"):
            Links(pool, None, "job").fetch(1, f"{server.url}/a.jpg")
        pool.close()
        assert len(server.seen) == 1


def test_a_picture_that_breaks_off_is_fetched_again() -> None:
    with serving(Cut(answer(200, WHOLE)[:300]), Cut(answer(200, WHOLE))) as server:
        pool = open_pictures(server.url)
        assert Links(pool, None, "job").fetch(1, f"{server.url}/a.jpg").content == WHOLE
        pool.close()


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (answer(302, headers={"Location": "http://10.0.0.1/"}), "302"),
        (answer(500), "answered 500"),
        (answer(200, b"<html>"), "it is no JPEG"),
        (answer(200, WHOLE, {"Content-Length": "99999"}), "it broke off"),
    ],
    ids=["leads elsewhere", "fails", "is a page", "is longer"],
)
def test_what_is_no_whole_picture_is_told(monkeypatch: pytest.MonkeyPatch, bad: bytes, why: str) -> None:
    monkeypatch.setattr(fetching, "_TRIES", 1)
    with serving(Cut(bad)) as server:
        pool = open_pictures(server.url)
        with pytest.raises(PictureUnavailableError, match=why):
            Links(pool, None, "job").fetch(1, f"{server.url}/a.jpg")
        pool.close()
        assert len(server.seen) == 1
