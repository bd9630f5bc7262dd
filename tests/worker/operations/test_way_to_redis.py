"""`doctor` and each start say in one line what ends the way to a Redis, its TLS above all, and what to do."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from cli.demo.ports import free_port
from config import durations
from tests.servers.certificates import Authority, Certificates, certificates
from tests.servers.server import Server, server
from worker.operations import doctor_ways
from worker.operations.doctor import Check
from worker.store.remedies import remedy
from worker.store.startup import check


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("own"), mutual=True)


@pytest.fixture(scope="module")
def encrypted(own: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that speaks TLS alone, wants a certificate of its clients, and a password."""
    folder = tmp_path_factory.mktemp("encrypted") / "server"
    with server(folder, (), password="pw", tls=own) as running:
        yield running


def url(port: int, own: Certificates, *, password: str = "pw", **options: str) -> str:
    """The right address of the server, but for what is given."""
    given = {
        "ssl_ca_certs": str(own.authority.certificate),
        "ssl_certfile": str(own.client.certificate),
        "ssl_keyfile": str(own.client.key),
        **options,
    }
    query = "&".join(f"{name}={value}" for name, value in given.items() if value)
    return f"rediss://:{password}@127.0.0.1:{port}/0?{query}"


def ends(address: str, *made: str) -> Check:
    """The step at which the way ends, after these."""
    *before, last = doctor_ways.to_redis(address)
    assert [(each.name, each.health) for each in before] == [(f"redis {each}", "ok") for each in made]
    assert last.health == "fail"
    assert last.remedy
    assert "\n" not in last.said
    assert "pw" not in last.said + last.remedy
    return last


def refused(address: str) -> str:
    """What a process that starts says of it."""
    with pytest.raises(redis.RedisError) as error:
        check(address, patience=0)
    said = f"{error.value}; {remedy(error.value)}"
    assert "\n" not in said
    return said


def test_each_step_of_a_whole_way_is_told(encrypted: Server, own: Certificates) -> None:
    found = list(doctor_ways.to_redis(url(encrypted.port, own)))
    assert [each.name for each in found] == ["redis name", "redis connection", "redis TLS", "redis login"]
    assert {each.health for each in found} == {"ok"}


def strange(own: Certificates, folder: Path) -> dict[str, str]:
    return {"ssl_ca_certs": str(Authority(folder, "strange").certificate)}


def bare(_own: Certificates, _folder: Path) -> dict[str, str]:
    return {"ssl_certfile": "", "ssl_keyfile": ""}


def unknown(own: Certificates, folder: Path) -> dict[str, str]:
    pair = Authority(folder, "unknown").sign("client")
    return {"ssl_certfile": str(pair.certificate), "ssl_keyfile": str(pair.key)}


@pytest.mark.parametrize(
    ("options", "what_to_do"),
    [
        (strange, "name the CA that signed its certificate: rediss://...?ssl_ca_certs=FILE"),
        (bare, "it wants a certificate of its clients: rediss://...?ssl_certfile=FILE&ssl_keyfile=FILE"),
        (unknown, "ssl_certfile"),
    ],
)
def test_what_tls_lacks_is_told_with_what_to_name(
    encrypted: Server,
    own: Certificates,
    tmp_path: Path,
    options: Callable[[Certificates, Path], dict[str, str]],
    what_to_do: str,
) -> None:
    address = url(encrypted.port, own, **options(own, tmp_path))
    last = ends(address, "name", "connection")
    assert last.name == "redis TLS"
    assert what_to_do in str(last.remedy)
    assert what_to_do in refused(address)


def test_a_certificate_of_another_host_is_told_of(
    encrypted: Server, own: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _host, *more, **named: real("127.0.0.1", *more, **named)
    )
    address = url(encrypted.port, own).replace("127.0.0.1", "other.example")
    last = ends(address, "name", "connection")
    assert last.name == "redis TLS"
    assert "its certificate is for another name" in str(last.remedy)
    assert "its certificate is for another name" in refused(address)


def test_a_port_that_speaks_no_tls_is_told_of(
    redis_url: str, own: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Redis takes the handshake for a command whose end is still to come."""
    monkeypatch.setattr(durations, "HTTP_CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(durations, "REDIS_CONNECT_SECONDS", 0.2)
    address = url(int(redis_url.rpartition(":")[2].partition("/")[0]), own)
    last = ends(address, "name", "connection")
    assert last.said.endswith("it does not answer the handshake")
    assert last.remedy == "it does not speak TLS on this port: write redis://, or name its TLS port"
    assert "see that it runs there, and that it speaks TLS" in refused(address)


def test_a_port_that_speaks_tls_alone_is_told_of(encrypted: Server) -> None:
    last = ends(f"redis://:pw@127.0.0.1:{encrypted.port}/0", "name", "connection")
    assert last.name == "redis login"
    assert "write rediss://" in str(last.remedy)


def test_a_wrong_password_is_told_of_by_the_login(encrypted: Server, own: Certificates) -> None:
    last = ends(url(encrypted.port, own, password="pw2"), "name", "connection", "TLS")
    assert last.name == "redis login"
    assert "the server does not know this user and password" in str(last.remedy)


def test_a_name_that_nobody_knows_and_a_closed_port_are_told_of() -> None:
    assert ends("redis://no-such-host.invalid/0").name == "redis name"
    assert "refused" in ends(f"redis://127.0.0.1:{free_port()}/0", "name").said


def test_of_several_sentinels_one_that_is_reached_is_enough(redis_url: str) -> None:
    port = redis_url.rpartition(":")[2].partition("/")[0]
    found = list(doctor_ways.to_redis(f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{port}/studio"))
    assert [each.health for each in found] == ["ok", "warn", "ok", "ok", "fail"]
    assert "write redis:// for a server itself" in str(found[-1].remedy)
