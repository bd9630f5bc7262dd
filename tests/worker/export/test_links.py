"""Where a picture is fetched from, whatever the link says."""

import socket

import pytest

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
