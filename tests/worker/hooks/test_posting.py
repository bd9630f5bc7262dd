"""What an endpoint may do to us, and where its URL may lead."""

import asyncio
from collections.abc import Callable

import httpcore
import pytest
from scripted_server import HANGING, RESET, Dripping, Server, answer, serving

from config import durations
from worker.hooks import posting
from worker.hooks.addresses import HookUrlError, parse
from worker.hooks.posting import Posted, Poster


def post(*urls: str, private: bool = True) -> list[Posted]:
    """Post a message to each URL, one after the other, over the same connections."""

    async def posting() -> list[Posted]:
        poster = Poster(private=private)
        try:
            return [
                await poster.post(parse(each, private=True), b"{}", {"webhook-id": "evt_1"}) for each in urls
            ]
        finally:
            await poster.aclose()

    return asyncio.run(posting())


def test_messages_to_an_endpoint_share_a_connection() -> None:
    with serving(answer(204), answer(200, {"thanks": 1}), answer(202)) as server:
        came = post(*[f"{server.url}/in?of=1"] * 3)
    assert [each.status for each in came] == [204, 200, 202]
    assert all(each.is_taken for each in came)
    assert len(server.connections) == 1
    assert [(each.method, each.path, each.body) for each in server.seen] == [("POST", "/in?of=1", b"{}")] * 3
    assert server.seen[0].headers["webhook-id"] == "evt_1"


def test_a_redirect_is_followed_nowhere() -> None:
    with serving(answer(200)) as inside, serving(answer(307, headers={"Location": inside.url})) as server:
        (came,) = post(server.url)
    assert (came.is_taken, came.why) == (False, "answered 307: redirects are not followed")
    assert inside.seen == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/"]
)
def test_no_connection_is_made_to_an_address_inside(url: str) -> None:
    with serving(answer(200), host="::1" if "::1" in url else "127.0.0.1") as server:
        (came,) = post(url.format(port=server.server_address[1]), private=False)
        assert server.connections == []
    assert came.status is None
    assert "inside a private network" in (came.why or "")


def test_a_connection_is_made_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is looked up once more could lead elsewhere by then."""
    asked: list[str] = []

    def resolve(host: str, *_: object, **__: object) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(posting, "resolve", resolve)
    with serving(answer(204)) as server:
        (came,) = post(f"http://shop.invalid:{server.server_address[1]}/in", private=False)
    assert (came.status, asked) == (204, ["shop.invalid"])
    assert server.seen[0].headers["host"] == f"shop.invalid:{server.server_address[1]}"


def test_a_proxy_is_told_that_address_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "resolve", lambda *_, **__: ["93.184.215.14"])
    with serving(answer(403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        (came,) = post("https://shop.example/in", private=False)
    assert [(each.method, each.path) for each in proxy.seen] == [("CONNECT", "93.184.215.14:443")]
    assert "refuses" in (came.why or "")


@pytest.mark.parametrize("reply", [HANGING, Dripping(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100)])
def test_an_endpoint_that_never_ends_its_answer_is_given_up(
    reply: str | Dripping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "HOOK_SECONDS", 0.2)
    with serving(reply) as server:  # type: ignore[arg-type]  # it takes all of them
        (came,) = post(server.url)
    assert (came.status, came.why) == (None, "no answer within 0.2 s")


def test_of_a_long_answer_no_more_than_its_beginning_is_read() -> None:
    with serving(answer(200, b"x" * 50_000_000), answer(200)) as server:
        came = post(server.url, server.url)
    assert [each.status for each in came] == [200, 200]
    assert len(server.connections) == 2


def cut(server: Server) -> str:
    return server.url


def closed(server: Server) -> str:
    server.server_close()
    return server.url


@pytest.mark.parametrize("url", [cut, closed])
def test_a_connection_that_fails_says_why(url: Callable[[Server], str]) -> None:
    with serving(RESET) as server:
        (came,) = post(url(server))
    assert came.status is None
    assert came.why


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://shop.example", "must be https"),
        ("https://user:hunter2@shop.example", "must not hold a user's name"),
        ("ftp://shop.example", "must be https"),
        ("https://", "must name a host"),
        ("https://shop.example:port", "can't be read"),
    ],
)
def test_an_url_that_can_be_no_endpoint_is_refused(url: str, why: str) -> None:
    with pytest.raises(HookUrlError, match=why) as caught:
        parse(url, private=False)
    assert "hunter2" not in str(caught.value)
    assert parse("https://shop.example:8443/in?a=b", private=False) == httpcore.URL(
        "https://shop.example:8443/in?a=b"
    )
