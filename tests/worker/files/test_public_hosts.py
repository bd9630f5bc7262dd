"""Which hosts a photo may be fetched from: none that only the inside of a network can reach."""

import ipaddress
import socket
from typing import Any

import pytest
from scripted_server import answer, serving

from worker.files.fetching import fetch
from worker.network.addresses import is_public
from worker.network.errors import FileRefusedError, FileUnavailableError

JPEG = b"\xff\xd8\xff and more"
LIMIT = 100


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
