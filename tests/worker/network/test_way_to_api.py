"""`doctor` goes the way to the API step by step, and says at which step it ends."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from forwarding import ForwardProxy, forwarding
from own_account import Api
from pydantic import SecretStr
from scripted_server import HANGING, Pieces, Server, answer, serving

from cli.demo.ports import free_port
from config import durations
from tests.servers.certificates import Authority
from worker.operations import doctor_ways

HOST, TOKEN = "api.example", SecretStr("sandbox-secret")
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextmanager
def encrypted(authority: Authority, *hosts: str, days: int = 30) -> Iterator[Server]:
    pair = authority.sign("api", *hosts, days=days)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    with serving(tls=context) as server:
        yield server


@pytest.fixture
def proxy(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForwardProxy]:
    """A proxy to an API whose name and certificate this machine would not find or trust by itself."""
    with encrypted(authority, HOST) as api, forwarding(api.server_address[1]) as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:s3cret@127.0.0.1:{running.port}")
        yield running


def ends(url: str, *made: str) -> str:
    """What is said of the step at which the way ends, after these."""
    *before, last = doctor_ways.to_api(url)
    assert [(each.name, each.health) for each in before] == [(f"api {each}", "ok") for each in made]
    assert last.health == "fail"
    assert last.remedy
    assert "\n" not in last.said
    return f"{last.name}: {last.said} -> {last.remedy}"


def test_each_step_of_a_whole_way_is_told(proxy: ForwardProxy) -> None:
    found = list(doctor_ways.to_api(f"https://{HOST}/prefix"))
    assert [each.name for each in found] == ["api name", "api connection", "api proxy", "api TLS"]
    assert {each.health for each in found} == {"ok"}
    assert f"with {HOST}, by authority" in found[-1].said
    assert [each.place for each in proxy.asked] == [f"{HOST}:443"]


def test_a_name_that_nobody_knows_ends_it() -> None:
    assert ends("https://no-such-host.invalid").startswith("api name: no address is found of no-such-host.")


def test_a_port_at_which_nobody_listens_ends_it() -> None:
    said = ends(f"http://127.0.0.1:{free_port()}", "name")
    assert said.startswith("api connection: 127.0.0.1:")
    assert "refused" in said
    assert "set PIKTID_API_URL right" in said


def test_a_certificate_that_nobody_trusted_has_signed_ends_it(authority: Authority) -> None:
    with encrypted(authority, "127.0.0.1") as api:
        said = ends(f"https://127.0.0.1:{api.server_address[1]}", "name", "connection")
    assert said.startswith("api TLS: with 127.0.0.1: its certificate is refused: nobody trusted here")
    assert "SSL_CERT_FILE" in said


@pytest.mark.parametrize(
    ("host", "days", "remedy"),
    [("127.0.0.1", -1, "renew the certificate"), ("other.example", 30, "a name that its certificate has")],
)
def test_no_ca_is_wanted_of_a_certificate_that_is_wrong_otherwise(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, host: str, days: int, remedy: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with encrypted(authority, host, days=days) as api:
        said = ends(f"https://127.0.0.1:{api.server_address[1]}", "name", "connection")
    assert remedy in said
    assert "SSL_CERT_FILE" not in said


def test_a_port_that_speaks_no_tls_ends_it() -> None:
    with serving(*[answer(400)] * 9) as server:
        said = ends(f"https://127.0.0.1:{server.server_address[1]}", "name", "connection")
    assert "does the port speak TLS" in said
    assert "set PIKTID_API_URL right" in said


@pytest.mark.parametrize(
    ("status", "said"),
    [(403, "refuses api.example:443"), (407, "refuses the password"), (401, "refuses the password")],
)
def test_a_proxy_that_refuses_ends_it(proxy: ForwardProxy, status: int, said: str) -> None:
    proxy.answer = answer(status)
    told = ends(f"https://{HOST}", "name", "connection")
    assert told.startswith("api proxy: ")
    assert said in told
    assert "HTTPS_PROXY" in told
    assert "s3cret" not in told


def test_a_proxy_that_is_down_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    assert "correct HTTPS_PROXY, or start the proxy" in ends(f"https://{HOST}", "name")


def test_a_proxy_that_is_named_wrongly_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example")
    assert ends(f"https://{HOST}").startswith("api network: HTTPS_PROXY has no scheme")


def test_the_first_byte_of_a_stream_is_waited_for(api: Api) -> None:
    found = doctor_ways.stream(api.url, SecretStr(api.token), "shop")
    assert (found.name, found.health) == ("api stream", "ok")
    assert found.said.startswith("of account shop: its first byte came after ")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            Pieces(BEGUN, b""),
            "nothing has come of the event stream for 0 s: does a proxy in between buffer it?",
        ),
        (HANGING, "the API has not begun its event stream for 0 s: does a proxy in between buffer it?"),
        (answer(401), "the API answered 401 to the event stream"),
        (answer(200, {}, {"Content-Type": "application/json"}), "the API answered no event stream but"),
    ],
)
def test_a_stream_of_which_nothing_comes_is_warned_of(
    reply: bytes | str | Pieces, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "STALLED_SECONDS", 0.2)
    with serving(reply) as server:
        found = doctor_ways.stream(server.url, TOKEN, "shop")
    assert found.health == "warn"
    assert said in found.said
    assert found.remedy
