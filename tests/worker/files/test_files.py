"""What may be read for a brief: nothing outside the folder, nothing in a private network, nothing endless."""

import ipaddress
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from scripted_server import HANGING, Cut, answer, serving

from config import durations
from config.settings import Settings
from worker.files import named_files
from worker.files.fetching import fetch
from worker.network.addresses import is_public
from worker.network.errors import FileRefusedError, FileUnavailableError
from worker.piktid.pictures import recognize

JPEG = b"\xff\xd8\xff and more"
LIMIT = 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture, and things beside it that are nobody's business."""
    path = tmp_path / "references"
    (path / "deep" / "er").mkdir(parents=True)
    (path / "a.jpg").write_bytes(JPEG)
    (path / "deep" / "er" / "b.jpg").write_bytes(JPEG)
    (path / "inside.jpg").symlink_to("deep/er/b.jpg")
    (path / "large.jpg").write_bytes(b"x" * (LIMIT + 1))
    (path / "full.jpg").write_bytes(b"x" * LIMIT)
    (tmp_path / "secret.jpg").write_bytes(JPEG)
    (tmp_path / "references-too").mkdir()
    (tmp_path / "references-too" / "secret.jpg").write_bytes(JPEG)
    (path / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (path / "out").symlink_to(tmp_path)
    (path / "round.jpg").symlink_to("round.jpg")
    (path / "dangling.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(path / "pipe.jpg")
    return path


@pytest.mark.parametrize("path", ["a.jpg", "./a.jpg", "deep/er/b.jpg", "deep//er/b.jpg", "inside.jpg"])
def test_a_file_under_the_folder_is_read(folder: Path, path: str) -> None:
    assert named_files.read_local(folder, path, max_bytes=LIMIT) == JPEG


def test_a_file_of_just_the_limit_is_read(folder: Path) -> None:
    assert len(named_files.read_local(folder, "full.jpg", max_bytes=LIMIT)) == LIMIT


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "deep",
        "gone.jpg",
        "a.jpg/b.jpg",
        "a\x00.jpg",
        "x" * 5000,
        "../secret.jpg",
        "../references-too/secret.jpg",
        "deep/../../secret.jpg",
        "out.jpg",
        "out/secret.jpg",
        "out/references/../secret.jpg",
        "round.jpg",
        "dangling.jpg",
        "pipe.jpg",
        "large.jpg",
        "/etc/passwd",
        "/dev/zero",
    ],
)
def test_what_is_no_file_under_the_folder_is_refused(folder: Path, path: str) -> None:
    with pytest.raises(FileRefusedError):
        named_files.read_local(folder, path, max_bytes=LIMIT)


def test_a_folder_that_is_not_there_may_be_there_later(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailableError):
        named_files.read_local(tmp_path / "unmounted", "a.jpg", max_bytes=LIMIT)


def test_without_a_folder_no_path_is_read() -> None:
    with pytest.raises(FileRefusedError, match="IDENTITY_WORKER_REFERENCE_DIR"):
        named_files.read("a.jpg", Settings(reference_dir=None))


@pytest.mark.parametrize(
    ("beginning", "suffix"),
    [(b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"RIFF\x00\x00\n\x00WEBP", ".webp")],
)
def test_the_type_goes_by_the_first_bytes_not_by_the_name(
    folder: Path, beginning: bytes, suffix: str
) -> None:
    (folder / "named.gif").write_bytes(beginning + b"...")
    picture = named_files.read("named.gif", Settings(reference_dir=folder))
    assert named_files.upload_name("named.gif", picture) == f"named{suffix}"


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<svg/>", b"%PDF-1.7", b" \xff\xd8\xff", b"RIFF....WAVE"]
)
def test_what_is_no_picture_is_refused(folder: Path, content: bytes) -> None:
    (folder / "named.jpg").write_bytes(content)
    with pytest.raises(FileRefusedError, match="no JPEG"):
        named_files.read("named.jpg", Settings(reference_dir=folder))


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("a/b/Ada Lovelace.jpeg", "Ada-Lovelace.jpg"),
        ("https://a.example/x/%C3%A9t%C3%A9.png?token=secret#part", "t.jpg"),
        ("https://a.example", "picture.jpg"),
        ("...", "picture.jpg"),
        ("x" * 500, "x" * 60 + ".jpg"),
    ],
)
def test_the_api_is_told_the_files_name_and_no_folder(place: str, name: str) -> None:
    picture = recognize(JPEG)
    assert picture is not None
    assert named_files.upload_name(place, picture) == name


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"])
def test_a_public_address_is_one(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_that_only_the_inside_can_reach_is_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "①②⑦.⓪.⓪.①",
    ],
)
def test_a_host_inside_a_private_network_is_refused_however_it_is_written(host: str) -> None:
    with serving() as server:
        port = server.server_address[1]
        with pytest.raises((FileRefusedError, FileUnavailableError)) as refused:
            fetch(f"https://{host}:{port}/a.jpg", max_bytes=LIMIT)
        assert server.seen == []
    # Some spellings no URL may have, and some resolvers know no others.
    reasons = ("private network", "is no URL", "has no address")
    assert any(reason in str(refused.value) for reason in reasons)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.jpg",
        "ftp://example.com/a.jpg",
        "file:///etc/passwd",
        "https://user:word@example.com/a.jpg",
        "https://user@example.com/a.jpg",
        "https:///a.jpg",
        "https://exa mple.com:x/",
        "nonsense",
        "",
    ],
)
def test_a_url_that_is_not_plainly_https_is_refused(url: str) -> None:
    with pytest.raises(FileRefusedError):
        fetch(url, max_bytes=LIMIT)


def answering(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let names (not addresses) resolve to each of the answers in turn; return the names asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolver(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host[0].isdigit():
            return real(host, port, *args, **kwargs)
        asked.append(host)
        addresses = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    return asked


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(FileRefusedError, match="private network"):
        fetch("https://both.example/a.jpg", max_bytes=LIMIT)


def test_the_address_that_was_checked_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to this server, and if it is asked once more to another."""
    asked = answering(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
    with serving(answer(200, JPEG)) as server:
        url = f"http://rebind.example:{server.server_address[1]}/a.jpg"
        assert fetch(url, max_bytes=LIMIT, private=True) == JPEG
        assert server.seen[0].headers["Host"] == f"rebind.example:{server.server_address[1]}"
    assert asked == ["rebind.example"]


def test_an_address_without_a_listener_does_not_hide_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    with serving(answer(200, JPEG)) as server:
        url = f"http://two.example:{server.server_address[1]}/a.jpg"
        assert fetch(url, max_bytes=LIMIT, private=True) == JPEG


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
