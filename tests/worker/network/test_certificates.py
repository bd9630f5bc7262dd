"""Certificates of one's own CA, and what is said of those that are refused; nothing paid has left then."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from scripted_server import Server, answer, serving
from support import DEADLINE, has_ipv6

from config.errors import NetworkSettingsError
from tests.servers.certificates import Authority, Pair
from worker.network.pool import open_pool
from worker.piktid.client import PiktID
from worker.piktid.errors import NotSentError

BODY = {"instructions": [{"prompt": "a face"}]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def api_with(pair: Pair) -> Iterator[Server]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    with serving(answer(202, {"job_id": "job_1"}), tls=context) as server:
        yield server


def create(port: int, host: str = "127.0.0.1") -> str:
    with open_pool(timeout_connect=DEADLINE) as pool:
        return PiktID(pool, f"https://{host}:{port}", SecretStr("sandbox-a")).create(BODY).job_id


def test_an_own_ca_is_trusted_once_it_is_named(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with api_with(authority.sign("api", "127.0.0.1")) as server:
        port = server.server_address[1]
        with pytest.raises(
            NotSentError, match=r"nobody trusted here has signed it.*name your CA in SSL_CERT_FILE"
        ):
            create(port)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        assert create(port) == "job_1"
        monkeypatch.delenv("SSL_CERT_FILE")
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        with pytest.raises(NotSentError, match=f"trusted is SSL_CERT_DIR={tmp_path}"):
            create(port)


@pytest.mark.parametrize(
    ("hosts", "days", "said"),
    [
        (["127.0.0.1"], -1, "it has expired; or is this machine's clock ahead?"),
        (["other.example"], 30, "it is another host's (IP address mismatch"),
    ],
)
def test_where_a_certificate_is_refused_nothing_was_sent(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, hosts: list[str], days: int, said: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with api_with(authority.sign("api", *hosts, days=days)) as server:
        with pytest.raises(NotSentError) as refused:
            create(server.server_address[1])
        assert server.seen == []
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_port_that_speaks_no_tls_is_told_of() -> None:
    with serving(*[answer(400)] * 9) as server:
        port = server.server_address[1]
        with pytest.raises(NotSentError, match="does the port speak TLS"):
            create(port)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there_are_told_of_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "absent"))
    with pytest.raises(NetworkSettingsError, match=rf"^{variable} names no .*unset it$"):
        open_pool()


def test_a_dead_address_of_a_host_delays_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """192.0.2.1 and 2001:db8::1 are of nobody (RFC 5737 and 3849): no answer, or no route."""
    with serving(answer(202, {"job_id": "job_1"})) as server, open_pool(timeout_connect=60.0) as pool:
        port = server.server_address[1]
        places = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "127.0.0.1"]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        real = socket.create_connection
        tried: list[str] = []

        def connect(address: tuple[str, int], timeout: float, **more: Any) -> socket.socket:
            tried.append(address[0])
            if address[0] != "127.0.0.1":
                assert timeout < 1.0  # of the 60 s that there are
                raise TimeoutError
            return real(address, timeout, **more)

        monkeypatch.setattr("httpcore._backends.sync.socket.create_connection", connect)
        api = PiktID(pool, f"http://localhost:{port}", SecretStr("sandbox-a"))
        assert api.create(BODY).job_id == "job_1"
        assert tried == ["2001:db8::1", "127.0.0.1"]


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_api_at_an_ipv6_address_in_brackets_is_called() -> None:
    with serving(answer(202, {"job_id": "job_1"}), host="::1") as server, open_pool() as pool:
        port = server.server_address[1]
        assert PiktID(pool, f"http://[::1]:{port}", SecretStr("sandbox-a")).create(BODY).job_id == "job_1"
        assert server.seen[0].headers["Host"] == f"[::1]:{port}"
