"""The event stream over a socket: each event once, and peers that are refused, silent, cut off or hostile."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from scripted_server import HANGING, Cut, Dripping, Pieces, Server, answer, serving
from support import DEADLINE
from wire import LARGE, TABLE

from config import durations
from worker.network.streaming import Connections, Streams
from worker.piktid.notifications import Frame, Notification, StreamEndedError, follow

TOKEN = SecretStr("sesame-token")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
#: How long a silent peer is believed to live, in seconds: 45 by default.
SILENCE = 2.0


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def followed(server: Server, silence: float = DEADLINE) -> tuple[list[Frame], StreamEndedError]:
    """What `follow` yields of a server's answer, and how it ends."""
    seen: list[Frame] = []

    async def read() -> None:
        async with Streams(Connections()) as streams, asyncio.timeout(DEADLINE):
            async for each in follow(streams, server.url, TOKEN, silence):
                seen.append(each)  # noqa: PERF401  # what came before the exception is wanted

    with pytest.raises(StreamEndedError) as ended:
        asyncio.run(read())
    assert TOKEN.get_secret_value() not in str(ended.value)
    return seen, ended.value


def event(number: int) -> bytes:
    return (
        b"data: "
        + json.dumps({"id": number, "name": "n", "data": {"job_id": f"j{number}"}}).encode()
        + b"\n\n"
    )


def notification(number: int) -> Notification:
    return Notification(str(number), "n", f"j{number}", None)


@pytest.mark.parametrize("name", TABLE)
def test_over_a_socket_each_event_is_read_once_until_the_end(server: Server, name: str) -> None:
    stream, meant = TABLE[name]
    server.answers = [Cut(HEAD + stream)]
    seen, ended = followed(server)
    # None of the table's events holds a notification.
    expected = ["unreadable"] * len(meant)
    assert seen == ["opened", *expected]
    assert "closed the event stream" in str(ended)


def test_events_that_come_byte_by_byte_are_read_whole(server: Server) -> None:
    stream = event(1).replace(b"\n", b"\r\n") + "data: é\n\n".encode() + event(2)
    server.answers = [Pieces(HEAD, *(bytes([byte]) for byte in stream))]
    seen, _ = followed(server)
    assert seen == ["opened", notification(1), "unreadable", notification(2)]


def test_an_event_that_is_too_large_is_passed_over(server: Server) -> None:
    server.answers = [Cut(HEAD + event(1) + LARGE + event(2))]
    seen, _ = followed(server)
    assert seen == ["opened", notification(1), "unreadable", notification(2)]


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 429, 500, 503])
def test_another_status_is_an_end_whatever_type_it_claims(server: Server, status: int) -> None:
    body = None if status == 204 else event(1)
    server.answers = [answer(status, body, {"Content-Type": "text/event-stream"})]
    seen, ended = followed(server)
    assert seen == []
    assert f"answered {status} to" in str(ended)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_end_and_the_token_goes_nowhere_else(server: Server, status: int) -> None:
    with Server() as other:
        server.answers = [answer(status, None, {"Location": f"{other.url}/notifications/events"})]
        seen, ended = followed(server)
        assert (seen, other.seen) == ([], [])
        assert f"answered {status} to" in str(ended)
        assert str(ended).endswith(f"set PIKTID_API_URL to {other.url}")


@pytest.mark.parametrize("kind", ["application/json", "text/html; charset=utf-8", "", "text/event-streams"])
def test_another_type_is_an_end_that_names_it(server: Server, kind: str) -> None:
    server.answers = [answer(200, event(1), {"Content-Type": kind})]
    seen, ended = followed(server)
    assert seen == []
    assert "no event stream" in str(ended)
    assert kind.partition(";")[0] in str(ended)


@pytest.mark.parametrize("kind", ["text/event-stream;charset=latin-1", "Text/Event-Stream ; x=y"])
def test_parameters_and_case_of_the_type_do_not_matter(server: Server, kind: str) -> None:
    name = "é".encode()
    stream = b'data: {"id": 1, "name": "' + name + b'"}\n\n'
    server.answers = [answer(200, stream, {"Content-Type": kind})]
    assert followed(server)[0] == ["opened", Notification("1", "é", None, None)]


def test_a_packed_stream_is_an_end(server: Server) -> None:
    headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
    server.answers = [answer(200, b"\x1f\x8b", headers)]
    seen, ended = followed(server)
    assert (seen, "gzip" in str(ended)) == ([], True)
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "before", [b"", event(1), event(1).replace(b"\n", b"\r"), b"data: {", b": keepalive\n"]
)
def test_a_peer_that_falls_silent_is_noticed(server: Server, before: bytes) -> None:
    server.answers = [Pieces(HEAD + before, b"")]
    seen, ended = followed(server, SILENCE)
    assert seen == (["opened", notification(1)] if b"j1" in before else ["opened"])
    assert str(ended).startswith("nothing has come of the event stream for 2 s: does a proxy in between")


def test_a_peer_that_never_answers_is_noticed(server: Server) -> None:
    server.answers = [HANGING]
    said = str(followed(server, SILENCE)[1])
    assert said.startswith("the API has not begun its event stream for 2 s: does a proxy in between")


def test_an_answer_that_breaks_off_keeps_what_came_whole(server: Server) -> None:
    head = HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: 99999\r\n\r\n")
    server.answers = [Cut(head + event(1) + event(2)[:-1])]
    seen, ended = followed(server)
    assert seen == ["opened", notification(1)]
    assert "RemoteProtocolError" in str(ended)


POISON: dict[str, Any] = {
    "no JSON": "{", "a list": "[]", "a number": "1", "null": "null", "text": '"x"', "no id": "{}",
    "an id that is an object": '{"id": {}}', "deep": "[" * 100_000, "NaN": "NaN",
    "a number of 5,000 digits": '{"id": ' + "9" * 5_000 + "}", "id true": '{"id": true}',
    "id empty": '{"id": ""}',
}  # fmt: skip


def test_poisoned_data_is_told_as_illegible_and_hides_nothing_else(server: Server) -> None:
    stream = b"".join(f"data: {text}\n\n".encode() + event(9) for text in POISON.values())
    server.answers = [Cut(HEAD + stream)]
    seen, _ = followed(server)
    assert seen == ["opened", *["unreadable", notification(9)] * len(POISON)]


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "\ud800"},
        {"id": 1, "name": ["x"] * 9, "data": {"id_task": {}, "job_id": "\udfff", "identity_code": 10**300}},
        {"id": "i" * 10_000, "name": "n" * 10_000, "data": {"job_id": "j" * 10_000}},
        {"id": 1, "timestamp": 1e308},
        {"id": 1, "timestamp": "soon", "data": "text"},
    ],
)
def test_what_is_read_of_an_odd_event_suits_redis_and_urls(server: Server, odd: dict[str, Any]) -> None:
    server.answers = [Cut(HEAD + b"data: " + json.dumps(odd).encode() + b"\n\n")]
    (_, read), _ = followed(server)
    assert isinstance(read, Notification)
    for text in (read.id, read.name, read.job or "", read.code or ""):
        assert len(text.encode()) <= 800
    assert read.sent_at is None or abs(round(read.sent_at * 1000)) < 2**63


def test_headers_that_drip_are_an_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "STREAM_OPENING_SECONDS", 0.3)
    server.answers = [Dripping(b"HTTP/1.1 200 OK\r\nX-A: b")]
    seen, ended = followed(server)
    assert seen == []
    assert "has not begun its event stream" in str(ended)
