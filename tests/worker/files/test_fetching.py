"""A photo fetched by its URL: redirects, answers that stay or may change, bodies and peers without an end."""

import socket
import threading
from pathlib import Path

import pytest
from scripted_server import HANGING, Cut, answer, serving

from config import durations
from worker.files.fetching import fetch
from worker.network.errors import FileRefusedError, FileUnavailableError

JPEG = b"\xff\xd8\xff and more"
LIMIT = 100


def test_neither_credentials_nor_cookies_are_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    first = answer(302, headers={"Location": "/b", "Set-Cookie": "a=b"})
    with serving(first, answer(200, JPEG)) as server:
        assert fetch(server.url, max_bytes=LIMIT, private=True) == JPEG
        for seen in server.seen:
            assert {name.lower() for name in seen.headers} <= {"host", "accept", "accept-encoding"}


def test_three_redirects_are_followed_and_a_fourth_is_refused() -> None:
    step = answer(302, headers={"Location": "/next"})
    with serving(step, step, step, answer(200, JPEG)) as server:
        assert fetch(server.url, max_bytes=LIMIT, private=True) == JPEG
    with serving(step, step, step, step) as server, pytest.raises(FileRefusedError, match="redirects"):
        fetch(server.url, max_bytes=LIMIT, private=True)


@pytest.mark.parametrize(
    "target", ["ftp://a.example/", "http://a:b@127.0.0.1/", "file:///etc/passwd", "https://a:b:c/"]
)
def test_a_redirect_is_checked_like_the_first_url(target: str) -> None:
    with serving(answer(302, headers={"Location": target})) as server, pytest.raises(FileRefusedError):
        fetch(server.url, max_bytes=LIMIT, private=True)


@pytest.mark.parametrize(
    ("status", "error"), [(404, FileRefusedError), (403, FileRefusedError), (204, FileRefusedError)]
)
def test_an_answer_that_will_stay_is_refused(status: int, error: type[Exception]) -> None:
    with serving(answer(status)) as server, pytest.raises(error):
        fetch(server.url, max_bytes=LIMIT, private=True)


@pytest.mark.parametrize("reply", [answer(500), answer(503), answer(429), Cut(b""), Cut(b"nonsense\r\n\r\n")])
def test_an_answer_that_may_change_is_not_refused_for_good(reply: bytes) -> None:
    with serving(reply) as server, pytest.raises(FileUnavailableError):
        fetch(server.url, max_bytes=LIMIT, private=True)


def test_a_body_is_read_up_to_the_limit() -> None:
    with serving(answer(200, b"x" * LIMIT)) as server:
        assert len(fetch(server.url, max_bytes=LIMIT, private=True)) == LIMIT
    endless = Cut(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LIMIT + 1))
    with serving(endless) as server, pytest.raises(FileRefusedError, match="larger"):
        fetch(server.url, max_bytes=LIMIT, private=True)


@pytest.mark.parametrize("named", ["gzip", "identity, gzip", "BR"])
def test_a_packed_body_is_refused(named: str) -> None:
    packed = answer(200, b"\x1f\x8b packed", {"Content-Encoding": named})
    with serving(packed) as server, pytest.raises(FileRefusedError, match="packed"):
        fetch(server.url, max_bytes=LIMIT, private=True)


@pytest.mark.parametrize("named", ["", "Identity", "identity, identity"])
def test_a_body_that_is_said_to_be_packed_by_nothing_is_read(named: str) -> None:
    with serving(answer(200, b"as it is", {"Content-Encoding": named})) as server:
        assert fetch(server.url, max_bytes=LIMIT, private=True) == b"as it is"


def test_a_peer_that_does_not_answer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "FETCH_SECONDS", 0.2)
    with serving(HANGING) as server, pytest.raises(FileUnavailableError):
        fetch(server.url, max_bytes=LIMIT, private=True)


def test_a_peer_that_dribbles_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "FETCH_SECONDS", 0.3)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def dribble() -> None:
            connection, _ = listening.accept()
            with connection:
                while not over.wait(0.05):
                    connection.sendall(b"H")

        thread = threading.Thread(target=dribble)
        thread.start()
        with pytest.raises(FileUnavailableError):
            fetch(f"http://127.0.0.1:{listening.getsockname()[1]}/", max_bytes=LIMIT, private=True)
        over.set()
        thread.join(10)
    assert not thread.is_alive()
