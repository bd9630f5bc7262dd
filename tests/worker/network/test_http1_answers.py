"""Answers of HTTP/1.1 and heads of requests: however bytes come, each is read as one thing, or refused."""

import httpcore
import pytest

from worker.network.http1.answers import MOST_BESIDE, Answers
from worker.network.http1.heads import head_of

OK = b"HTTP/1.1 200 OK\r\n"
SIZED = OK + b"Content-Length: 5\r\nX-A: b\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX-T: u\r\n\r\n"


def read(answers: Answers, data: bytes, size: int) -> bytes:
    """Feed an answer so many bytes at a time; return its body."""
    found = b""
    for start in range(0, len(data), size):
        answers.feed(data[start : start + size])
        found += b"".join(answers.taken())
    return found


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("data", "status", "body", "leaves_open"),
    [
        pytest.param(SIZED, 200, b"hello", True, id="a length"),
        pytest.param(CHUNKED, 200, b"hello", True, id="chunks"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True, id="no body"),
        pytest.param(OK + b"Content-Length: 0\r\nConnection: close\r\n\r\n", 200, b"", False, id="the last"),
        pytest.param(b"HTTP/1.0 404 No\r\nContent-Length: 2\r\n\r\nno", 404, b"no", False, id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 100 Continue\r\nX-N: 1\r\n\r\n" + SIZED, 200, b"hello", True, id="not yet"),
        pytest.param(b"HTTP/1.1 103 Hints\r\n\r\n" * 2 + SIZED, 200, b"hello", True, id="twice not yet"),
    ],
)
def test_an_answer_is_read_however_it_comes(
    data: bytes, status: int, body: bytes, leaves_open: bool, size: int
) -> None:
    answers = Answers()
    assert read(answers, data, size) == body
    assert (answers.status, answers.is_over, answers.leaves_open) == (status, True, leaves_open)
    assert (b"X-A", b"b") in answers.headers or data is not SIZED
    assert not {name for name, _ in answers.headers} & {b"X-T", b"X-N"}


def test_the_answers_of_a_connection_follow_each_other() -> None:
    answers = Answers()
    assert read(answers, SIZED, 10) == b"hello"
    answers.begin()
    assert (answers.has_head, answers.headers) == (False, [])
    assert read(answers, CHUNKED, 10) == b"hello"
    assert answers.is_over
    assert answers.leaves_open


@pytest.mark.parametrize("data", [OK + b"X: y\r\n\r\nhello", b"HTTP/1.0 200 OK\r\n\r\nhello"])
def test_a_body_without_a_length_ends_with_the_connection(data: bytes) -> None:
    answers = Answers()
    assert read(answers, data, 9) == b"hello"
    assert not answers.is_over
    answers.feed(b"")
    assert (answers.is_over, answers.leaves_open) == (True, False)


@pytest.mark.parametrize("data", [b"", OK, SIZED[:-1], CHUNKED[:-2], b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_connection_that_ends_too_soon_is_an_error(data: bytes) -> None:
    answers = Answers()
    read(answers, data, 10_000)
    with pytest.raises(httpcore.RemoteProtocolError):
        answers.feed(b"")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"not HTTP at all\r\n\r\n", id="something else"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="a request"),
        pytest.param(b"HTTP/1.7 200 OK\r\n\r\n", id="another version"),
        pytest.param(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", id="two lengths"),
        pytest.param(OK + b"Content-Length: -5\r\n\r\n", id="a length below none"),
        pytest.param(
            OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", id="both kinds of length"
        ),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", id="no size of a chunk"),
        pytest.param(OK + b"X-\0: y\r\n\r\n", id="no name"),
        pytest.param(OK + b"X: y\n\n", id="bare ends of lines"),
    ],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(httpcore.RemoteProtocolError, match="no HTTP"):
        Answers().feed(data)


@pytest.mark.parametrize("more", [b"HTTP/1.1 200 OK\r\n", SIZED, b"x"])
def test_more_than_was_asked_for_spoils_the_connection_and_not_the_answer(more: bytes) -> None:
    answers = Answers()
    answers.feed(SIZED + more)
    assert answers.taken() == [b"hello"]
    assert (answers.status, answers.is_over, answers.leaves_open) == (200, True, False)


@pytest.mark.parametrize(
    ("head", "more"),
    [
        pytest.param(OK, b"X: " + b"y" * 9_997, id="a long header"),
        pytest.param(OK, b"X: y\r\n", id="many headers"),
        pytest.param(b"", b"HTTP/1.1 102 Processing\r\n\r\n", id="never the answer"),
        pytest.param(CHUNKED[:-2], b"Y: z\r\n", id="much behind the body"),
        pytest.param(CHUNKED[: CHUNKED.index(b"3;")] + b"3;", b"a" * 1_000, id="much about a piece"),
    ],
)
def test_what_brings_nothing_of_a_body_is_bounded(head: bytes, more: bytes) -> None:
    data = head + 2 * MOST_BESIDE // len(more) * more
    with pytest.raises(httpcore.RemoteProtocolError, match="beside"):
        read(Answers(), data, len(more))


def request(target: bytes = b"/a?b=c", name: bytes = b"X-A", value: bytes = b"b") -> httpcore.Request:
    at = httpcore.URL(scheme=b"http", host=b"localhost", port=None, target=target)
    return httpcore.Request("GET", at, headers=[(b"Host", b"localhost"), (name, value)])


def test_a_head_is_written_as_it_is_given() -> None:
    written = head_of(request(value=b"b c\t\xe9"))
    assert written == b"GET /a?b=c HTTP/1.1\r\nHost: localhost\r\nX-A: b c\t\xe9\r\n\r\n"


@pytest.mark.parametrize(
    "wrong", [b"b\r\nX-B: c", b"b\nX-B: c", b"b\rX-B", b"\0", b"b\r\n\r\nGET / HTTP/1.1"]
)
def test_nothing_in_a_request_can_begin_a_further_line(wrong: bytes) -> None:
    for each in (request(value=wrong), request(name=wrong), request(target=wrong)):
        with pytest.raises(httpcore.LocalProtocolError):
            head_of(each)


def test_a_body_without_a_length_is_never_begun() -> None:
    with pytest.raises(httpcore.LocalProtocolError, match="length"):
        head_of(request(name=b"Transfer-Encoding", value=b"chunked"))
