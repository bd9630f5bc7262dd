"""An installation whose way out is a proxy: calls, streams and pictures go by it, and no secret is told."""

import asyncio
import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest
from forwarding import ForwardProxy, forwarding
from pydantic import SecretStr
from scripted_server import HANGING, Cut, Server, answer, serving
from support import DEADLINE

from tests.servers.certificates import Authority
from worker.files.fetching import fetch
from worker.network.errors import FileRefusedError, FileUnavailableError
from worker.network.pool import open_pool
from worker.network.streaming import Connections, Streams
from worker.piktid.client import PiktID
from worker.piktid.errors import NotSentError
from worker.piktid.notifications import StreamEndedError, follow

API, TOKEN, PASSWORD = "https://api.example", "sandbox-secret", "p/ss:w@rd"
BODY = {"instructions": [{"prompt": "a face"}]}
JPEG = b"\xff\xd8\xff and more"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server_tls(authority: Authority) -> ssl.SSLContext:
    pair = authority.sign("api", "api.example", "proxy.example", "8.8.8.8")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


@pytest.fixture
def api(
    server_tls: ssl.SSLContext, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """An API whose name only the proxy knows, with a certificate of the company's own CA."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with serving(tls=server_tls) as server:
        yield server


@pytest.fixture
def proxy(api: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForwardProxy]:
    with forwarding(api.server_address[1]) as running:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%2Fss%3Aw%40rd@127.0.0.1:{running.port}")
        yield running


def create(timeout: float = DEADLINE) -> str:
    with open_pool(timeout_connect=timeout) as pool:
        return PiktID(pool, API, SecretStr(TOKEN)).create(BODY).job_id


class NotSent:
    """What a paid call says that was certainly not sent: one line without any secret."""

    def __init__(self, timeout: float = DEADLINE) -> None:
        with open_pool(timeout_connect=timeout) as pool, pytest.raises(NotSentError) as refused:
            PiktID(pool, API, SecretStr(TOKEN)).create(BODY)
        self.said = str(refused.value)
        assert not any(secret in self.said for secret in (TOKEN, PASSWORD, "p%2Fss", "user:", "\n"))


def test_a_paid_call_goes_through_the_proxy_which_learns_no_token(api: Server, proxy: ForwardProxy) -> None:
    api.answers = [answer(202, {"job_id": "job_1"})]
    assert create() == "job_1"
    [asked] = proxy.asked
    assert (asked.method, asked.place) == ("CONNECT", "api.example:443")
    assert asked.headers["Proxy-Authorization"] == "Basic dXNlcjpwL3NzOndAcmQ="
    assert asked.headers["Authorization"] is None
    assert (api.seen[0].path, api.seen[0].headers["Proxy-Authorization"]) == ("/identity/create", None)


def test_event_stream_and_deletions_go_through_the_proxy(api: Server, proxy: ForwardProxy) -> None:
    stream = Cut(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: backfill_complete\ndata: {}\n\n"
    )
    api.answers = [stream, answer(204)]

    async def run() -> tuple[list[object], int]:
        connections, seen = Connections(), list[object]()
        async with Streams(connections) as streams, asyncio.timeout(DEADLINE):
            async for frame in follow(streams, API, SecretStr(TOKEN)):
                seen.append(frame)
                if frame == "replayed":
                    break
            return seen, (await connections.ask("DELETE", f"{API}/notifications/1", {}, 100))[0]

    assert asyncio.run(run()) == (["opened", "replayed"], 204)
    assert [each.place for each in proxy.asked] == ["api.example:443"] * 2


@pytest.fixture
def encrypted_proxy(
    api: Server, server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ForwardProxy]:
    """A proxy that speaks TLS itself, by a name that this machine finds."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _host, *more, **named: real("127.0.0.1", *more, **named)
    )
    with forwarding(api.server_address[1], tls=server_tls) as running:
        monkeypatch.setenv("ALL_PROXY", f"https://proxy.example:{running.port}")
        yield running


def test_a_proxy_that_speaks_tls_itself_is_used(api: Server, encrypted_proxy: ForwardProxy) -> None:
    async def deleted() -> int:
        async with Connections() as connections, asyncio.timeout(DEADLINE):
            return (await connections.ask("DELETE", f"{API}/notifications/1", {}, 100))[0]

    api.answers = [answer(202, {"job_id": "job_1"}), answer(204)]
    assert create() == "job_1"
    assert asyncio.run(deleted()) == 204
    assert [each.place for each in encrypted_proxy.asked] == ["api.example:443"] * 2


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (407, "refuses the password (407): set HTTPS_PROXY to http://USER:PASSWORD@127.0.0.1:"),
        (403, "refuses api.example:443 (403): have it allowed there, or write it into NO_PROXY"),
        (502, "does not reach api.example:443 (502)"),
        (302, "refuses api.example:443 (302)"),
    ],
)
def test_a_paid_call_that_the_proxy_refuses_was_not_sent(
    api: Server, proxy: ForwardProxy, status: int, said: str
) -> None:
    proxy.answer = answer(status, b"<html>no</html>")
    assert said in NotSent().said
    assert api.seen == []


def test_a_proxy_that_asks_for_a_password_is_told_of(
    api: Server, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    proxy.answer = answer(407)
    assert "asks for a user and a password (407): set HTTPS_PROXY to http://USER:PASSWORD@" in NotSent().said


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (HANGING, "does not answer"),
        (b"SSH-2.0-x\r\n\r\n", "does not act as one"),
        (b"HTTP/1.1 20", "does not act"),
    ],
)
def test_a_paid_call_by_what_is_no_proxy_was_not_sent(
    api: Server, proxy: ForwardProxy, reply: bytes | str, said: str
) -> None:
    proxy.answer = reply
    assert said in NotSent(0.3).said


@pytest.mark.parametrize("place", ["127.0.0.1:9", "no-such-host.invalid:3128"])
def test_a_paid_call_by_a_proxy_that_is_down_was_not_sent(
    api: Server, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%2Fss%3Aw%40rd@{place}")
    assert f"the proxy http://{place} is not reached" in NotSent().said


def test_what_befalls_a_stream_at_the_proxy_is_told_too(proxy: ForwardProxy) -> None:
    proxy.answer = answer(407)

    async def run() -> None:
        async with Streams(Connections()) as streams:
            async for _ in follow(streams, API, SecretStr(TOKEN)):
                pass

    with pytest.raises(StreamEndedError, match=r"refuses the password \(407\): set HTTPS_PROXY"):
        asyncio.run(run())


def test_a_brief_cannot_have_the_proxy_reach_what_is_inside(
    proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"inside.example": "10.0.0.7", "api.example": "8.8.8.8"}
    monkeypatch.setattr("worker.network.addresses.look_up", lambda host, *_: [names.get(host, host)])
    for url in ("https://inside.example/a", "https://169.254.169.254/latest", "https://[::1]/"):
        with pytest.raises((FileRefusedError, FileUnavailableError)):
            fetch(url, max_bytes=100)
    assert proxy.asked == []


def test_the_proxy_is_told_the_address_that_was_checked(
    api: Server, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.network.addresses.look_up", lambda *_: ["8.8.8.8"])
    api.answers = [answer(200, JPEG)]
    assert fetch("https://api.example/a.jpg", max_bytes=100) == JPEG
    assert [each.place for each in proxy.asked] == ["8.8.8.8:443"]


def test_a_link_that_leads_inside_is_not_given_to_the_proxy(
    api: Server, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"inside.example": ["10.0.0.7"], "cdn.example": ["8.8.8.8"]}

    def look_up(host: str, *_: object) -> list[str]:
        if host not in names:
            raise OSError("no such name")
        return names[host]

    monkeypatch.setattr("worker.network.addresses.look_up", look_up)
    api.answers = [answer(200, JPEG)] * 2
    with open_pool(public=True, keepalive_expiry=1e-9) as pool:
        with pytest.raises(httpx.ConnectError, match="inside a private network"):
            pool.handle_request(pool.request("GET", "https://inside.example/a"))
        assert proxy.asked == []
        with pytest.raises(
            httpx.ConnectError, match="another host's"
        ):  # the server's certificate is api.example's
            pool.handle_request(pool.request("GET", "https://cdn.example/a"))
        pool.handle_request(pool.request("GET", "https://api.example/a")).close()
    assert [each.place for each in proxy.asked] == ["cdn.example:443", "api.example:443"]
