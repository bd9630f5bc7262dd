"""The API client, over real sockets: what each answer and each failure becomes."""

import json
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.client import parse_headers
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from sandbox.dialects import DialectName
from sandbox.server import running
from worker import api_errors, piktid
from worker.answers import Draft, JobResults, JobStatus, Preprocessing, RunState
from worker.api_errors import (
    AlreadyPromoted,
    Answered,
    ApiError,
    Forbidden,
    Invalid,
    JobsFull,
    NameTaken,
    NotFound,
    NotSent,
    OutcomeUnknown,
    OutOfCredits,
    PictureRefused,
    RateLimited,
    SlotsFull,
    Throttled,
    Unauthorized,
    Unavailable,
    Unexpected,
)
from worker.piktid import PiktID, download, open_pool

TOKEN = "secret-token-of-the-account"
BODY = {"instructions": [{"prompt": "a face", "num_variations": 1}]}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
HANGING = "take the headers, answer nothing"
RESET = "reset the connection"


class Cut(bytes):
    """An answer after which the connection is closed, whatever it promised."""


@dataclass
class Seen:
    """One request as the server got it."""

    method: str
    path: str
    headers: Message
    body: bytes


def answer(status: int, body: object = None, headers: dict[str, str] | None = None) -> bytes:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = {"Content-Length": str(len(content)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Text\r\n{head}\r\n".encode() + content


class Server(ThreadingTCPServer):
    """Gives its canned answers in turn: bytes as they stand, or a way to give none."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.answers: list[bytes | str] = []
        self.seen: list[Seen] = []
        self.arrived, self.let_go, self.closed = threading.Event(), threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Connection(StreamRequestHandler):
    """One connection, kept open from answer to answer."""

    server: Server

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client may hang up on an answer that it finds too long
            self.converse()

    def converse(self) -> None:
        while line := self.rfile.readline():
            method, path, _ = line.decode().split()
            headers = parse_headers(self.rfile)
            reply = self.server.answers.pop(0)
            self.server.arrived.set()
            if reply == HANGING:
                self.server.seen.append(Seen(method, path, headers, b""))
                self.server.let_go.wait(10)
                return
            body = self.rfile.read(int(headers.get("Content-Length", 0)))
            self.server.seen.append(Seen(method, path, headers, body))
            if reply == RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            self.wfile.write(cast("bytes", reply))
            if isinstance(reply, Cut):
                return

    def finish(self) -> None:
        super().finish()
        self.connection.close()
        self.server.closed.set()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.let_go.set()
        running.shutdown()
        thread.join(10)


@pytest.fixture
def pool(server: Server) -> Iterator[httpx.Client]:
    with open_pool(timeout_connect=2.0, timeout_read=0.3, timeout_write=0.3, timeout_pool=0.1) as opened:
        yield opened


@pytest.fixture
def api(pool: httpx.Client, server: Server) -> PiktID:
    return PiktID(pool, server.url, SecretStr(TOKEN))


def failure(call: Callable[[], object]) -> ApiError:
    with pytest.raises(ApiError) as raised:
        call()
    return raised.value


# What each status means (guide, *Error handling*)

VALIDATION = {
    "error": "Invalid request",
    "detail": [{"field": "instructions.0.options.ar", "message": "Not a ratio", "position": "body"}],
}
STATUSES = [
    (400, VALIDATION, Invalid),
    (422, VALIDATION, Invalid),
    (401, {"error": "Token expired"}, Unauthorized),
    (402, {"error": "Insufficient credits", "required_credits": 30.0}, OutOfCredits),
    (403, {"error": "4K needs another tier"}, Forbidden),
    (404, {"error": "Image result not found"}, NotFound),
    (409, {"error": "Already promoted", "identity_code": "abc1234567xy"}, AlreadyPromoted),
    (409, {"error": "The name is taken"}, NameTaken),
    (429, {"error": "Slow down"}, Throttled),
    (429, {"error": "Maximum identities reached."}, SlotsFull),
    (429, {"error": "Maximum concurrent jobs reached"}, JobsFull),
    (429, {"error": "Rate limit exceeded"}, RateLimited),
    (503, {"error": "Identity creation is not enabled"}, Unavailable),
    (302, None, Unexpected),
    (405, {"error": "Not this way"}, Unexpected),
    (500, {"error": "It broke"}, OutcomeUnknown),
    (502, b"<html><h1>Bad gateway</h1></html>", OutcomeUnknown),
    (504, None, OutcomeUnknown),
]


@pytest.mark.parametrize(("status", "body", "kind"), STATUSES)
@pytest.mark.parametrize("call", [lambda api: api.create(BODY), lambda api: api.promote(12346)])
def test_each_status_has_its_class_and_keeps_the_apis_own_words(
    server: Server,
    api: PiktID,
    call: Callable[[PiktID], object],
    status: int,
    body: object,
    kind: type[ApiError],
) -> None:
    server.answers = [answer(status, body, {"Location": "/elsewhere"} if status == 302 else None)]
    error = failure(lambda: call(api))
    assert type(error) is kind
    assert len(server.seen) == 1
    if isinstance(error, Answered):
        assert error.status == status
    if isinstance(body, dict):
        assert body["error"] in str(error)


def refused(server: Server, api: PiktID, status: int, body: object, **headers: str) -> Any:
    server.answers = [
        answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})
    ]
    return failure(lambda: api.promote(1))


def test_a_validation_error_names_every_field_and_message(server: Server, api: PiktID) -> None:
    error = refused(server, api, 400, {**VALIDATION, "detail": [*VALIDATION["detail"], {"message": "Empty"}]})
    assert error.faults == (("instructions.0.options.ar", "Not a ratio"), ("", "Empty"))
    assert error.message == "Invalid request; instructions.0.options.ar: Not a ratio; Empty"


@pytest.mark.parametrize(
    "body",
    [
        {"error": "The prompt names a real person", "blocked_term": "Conan O'Brien"},
        {"error": "No real persons", "detail": {"blockedTerms": ["Conan O'Brien"]}},
        {"error": "Refused, blocked term: 'Conan O'Brien'."},
        {"error": "x", "detail": [{"field": "prompt", "message": 'blocked term: "Conan O\'Brien"'}]},
        b"Refused. Blocked term: 'Conan O'Brien'",
    ],
)
def test_the_blocked_term_is_found_wherever_it_stands(server: Server, api: PiktID, body: object) -> None:
    error = refused(server, api, 400, body)
    assert error.blocked_term == "Conan O'Brien"
    assert "Conan O'Brien" in error.message


def test_a_plain_validation_error_has_no_blocked_term(server: Server, api: PiktID) -> None:
    assert refused(server, api, 400, VALIDATION).blocked_term is None


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ({"required_credits": 30.0, "in_progress_credits": 5, "user_credits": 12}, (30.0, 5.0, 12.0)),
        ({"detail": {"required_credits": "30", "user_credits": None}}, (30.0, None, None)),
        ({"required_credits": True, "in_progress_credits": [], "user_credits": "much"}, (None, None, None)),
        (b"not JSON", (None, None, None)),
    ],
)
def test_the_numbers_of_credits_may_be_of_any_type_or_missing(
    server: Server, api: PiktID, body: object, numbers: tuple[float | None, ...]
) -> None:
    error = refused(server, api, 402, body)
    assert (error.required_credits, error.in_progress_credits, error.user_credits) == numbers


def test_only_identity_code_proves_that_a_draft_is_promoted(server: Server, api: PiktID) -> None:
    assert refused(server, api, 409, {"identity_code": "abc"}).identity_code == "abc"
    taken = refused(server, api, 409, {"existing_identity_code": "other"})
    assert type(taken) is NameTaken
    assert taken.existing_identity_code == "other"


def test_a_conflict_that_broke_off_is_neither_promoted_nor_a_taken_name(server: Server, api: PiktID) -> None:
    server.answers = [Cut(answer(409, {"error": "Conflict", "identity_code": "abc"})[:-10])]
    assert type(failure(lambda: api.promote(1))) is OutcomeUnknown


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"Maximum identities reached.", SlotsFull),
        ({"message": "You have reached the identity slot limit"}, SlotsFull),
        ({"detail": "Too many jobs running"}, JobsFull),
        ({"error": "Too Many Requests", "message": "concurrency cap"}, JobsFull),
        ({"message": "5 per 1 minute"}, RateLimited),
        ({"error": "Too many requests"}, Throttled),
        ({"error": "Rate limit: at most 5 concurrent jobs"}, Throttled),
        (None, Throttled),
        (b"<html>429</html>", Throttled),
    ],
)
def test_a_429_is_told_apart_by_its_text_only_when_that_is_clear(
    server: Server, api: PiktID, body: object, kind: type[Throttled]
) -> None:
    assert type(refused(server, api, 429, body)) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "17"}, 17.0),
        ({"Retry_After": "Wed, 01 Jan 2025 00:01:00 GMT", "Date": "Wed, 01 Jan 2025 00:00:15 GMT"}, 45.0),
        ({"Retry_After": "Wed, 01 Jan 2025 00:01:00 GMT"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "9" * 5000}, None),
        ({"Retry_After": "Wed, 99 Jan 2025 00:01:00 GMT"}, None),
        ({"Retry_After": "Wed, 01 Jan 2025 00:01:00 +999999999"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nonsense_is_none(
    server: Server, api: PiktID, headers: dict[str, str], seconds: float | None
) -> None:
    assert refused(server, api, 429, {"error": "Rate limit"}, **headers).retry_after == seconds


# What a failure of the connection proves


def test_a_refused_connection_was_not_sent(pool: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    api = PiktID(pool, f"http://127.0.0.1:{port}", SecretStr(TOKEN))
    assert type(failure(lambda: api.create(BODY))) is NotSent


def test_a_tls_handshake_without_an_answer_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, open_pool(timeout_connect=0.2) as impatient:
        api = PiktID(impatient, f"https://127.0.0.1:{silent.getsockname()[1]}", SecretStr(TOKEN))
        assert type(failure(lambda: api.create(BODY))) is NotSent


def test_an_answer_that_is_no_tls_was_not_sent(pool: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak_plainly() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(4096)

        thread = threading.Thread(target=speak_plainly)
        thread.start()
        api = PiktID(pool, f"https://127.0.0.1:{listening.getsockname()[1]}", SecretStr(TOKEN))
        assert type(failure(lambda: api.create(BODY))) is NotSent
        thread.join(10)


def test_a_call_that_finds_no_free_connection_was_not_sent(server: Server) -> None:
    server.answers = [HANGING]
    with open_pool(max_connections=1, timeout_pool=0.1) as small:
        api = PiktID(small, server.url, SecretStr(TOKEN))
        first = threading.Thread(target=lambda: failure(lambda: api.create(BODY)))
        first.start()
        assert server.arrived.wait(10)
        assert type(failure(lambda: api.create(BODY))) is NotSent
        server.let_go.set()
        first.join(10)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(HANGING, id="silence"),
        pytest.param(RESET, id="reset"),
        pytest.param(Cut(b""), id="closed without a word"),
        pytest.param(Cut(b"HTTP/1.1 202 Acc"), id="half a status line"),
        pytest.param(Cut(b"not HTTP at all\r\n\r\n"), id="not HTTP"),
        pytest.param(answer(302, None, {"Location": "http://a:b/"}), id="a redirect to no URL"),
        pytest.param(Cut(answer(202, {"job_id": "job_1"})[:-4]), id="a body cut short"),
        pytest.param(Cut(b'HTTP/1.0 202 Accepted\r\n\r\n{"job_id": "jo'), id="half of a JSON text"),
        pytest.param(
            answer(202, {"job_id": "job_1"}, {"Content-Encoding": "gzip"}), id="no gzip as promised"
        ),
    ],
)
def test_once_the_request_has_left_a_failure_leaves_the_outcome_unknown(
    server: Server, api: PiktID, reply: bytes | str
) -> None:
    server.answers = [reply]
    assert type(failure(lambda: api.create(BODY))) is OutcomeUnknown
    assert len(server.seen) == 1


def test_a_body_that_the_server_does_not_take_leaves_the_outcome_unknown(server: Server, api: PiktID) -> None:
    server.answers = [HANGING]
    assert type(failure(lambda: api.create({"prompt": "a" * 32_000_000}))) is OutcomeUnknown


def test_a_connection_that_the_server_has_closed_is_not_used_again(server: Server, api: PiktID) -> None:
    server.answers = [Cut(answer(202, {"job_id": "job_1"})), answer(202, {"job_id": "job_2"})]
    assert api.create(BODY).job_id == "job_1"
    assert server.closed.wait(10)
    assert api.create(BODY).job_id == "job_2"


def test_a_refusal_whose_body_broke_off_is_still_a_refusal(server: Server, api: PiktID) -> None:
    server.answers = [Cut(answer(400, VALIDATION)[:-10])]
    error = failure(lambda: api.create(BODY))
    assert type(error) is Invalid
    assert "Invalid request" in error.message


# Bodies that are no answer


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"<html>It works</html>",
        b"\xff\xfe\xfd",
        b"[" * 200_000,
        b"9" * 5000,
        b"[1, 2]",
        b'"job_1"',
        b"null",
        b'{"job_id": null}',
        b'{"job_id": ""}',
        b'{"job_id": true}',
        b'{"job_id": {"id": 1}}',
        b'{"job_id": "' + b"x" * 5000 + b'"}',
        b" " * (piktid.MAX_BODY_BYTES + 1) + b'{"job_id": "job_1"}',
    ],
    ids=range(15),
)
def test_a_success_without_the_needed_field_leaves_the_outcome_unknown(
    server: Server, api: PiktID, body: bytes | None
) -> None:
    server.answers = [answer(202, body)]
    assert type(failure(lambda: api.create(BODY))) is OutcomeUnknown


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 418, 422, 429, 503])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b"\xff\x00\x1b[31m",
        b'{"error": 1, "detail": [null, {"field": [], "message": {}}, 3], "identity_code": ["x"]}',
        b'{"error": "\\ud800", "detail": {"error": null}}',
        b"blocked term: " * 300_000,
        b"x" * (piktid.MAX_BODY_BYTES * 2),
    ],
    ids=range(6),
)
def test_an_odd_body_never_hides_what_the_status_says(
    server: Server, api: PiktID, status: int, body: bytes
) -> None:
    server.answers = [answer(status, body)]
    error = failure(lambda: api.promote(1))
    assert isinstance(error, Answered) or (status == 409 and len(body) > piktid.MAX_BODY_BYTES)
    assert str(error).isprintable()
    assert len(str(error)) < 2 * api_errors.EXCERPT_LENGTH


def test_a_body_that_drips_for_longer_than_its_time_is_given_up(server: Server, pool: httpx.Client) -> None:
    server.answers = [answer(200, b"{}")]
    with pool.stream("GET", server.url) as response:
        assert piktid._read(response, 1000, seconds=-1.0) == (b"{}", False)


# Answers in every known spelling (piktid-v2.md, section 6)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_code_will_do(server: Server, api: PiktID, status: int) -> None:
    server.answers = [
        answer(status, {"job_id": "job_1", "total_variations": 3, "message": "dispatched"}),
        answer(status, {"identity_code": "abc1234567xy"}),
    ]
    created = api.create(BODY)
    assert (created.job_id, created.total_variations, created.message) == ("job_1", 3, "dispatched")
    promoted = api.promote(12346)
    assert (promoted.identity_code, promoted.preprocessing_job_id) == ("abc1234567xy", None)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("pending", RunState.RUNNING),
        ("processing", RunState.RUNNING),
        ("a word of tomorrow", RunState.RUNNING),
        ("completed", RunState.COMPLETED),
        ("COMPLETED", RunState.COMPLETED),
        ("failed", RunState.FAILED),
        ("aborted", RunState.FAILED),
        ("cancelled", RunState.FAILED),
        ("canceled", RunState.FAILED),
        ("error", RunState.FAILED),
    ],
)
def test_only_known_words_end_a_job(server: Server, api: PiktID, word: str, state: RunState) -> None:
    server.answers = [answer(200, {"status": word, "progress": "12.5", "error_message": None})]
    status = api.job_status("job_1")
    assert (status.job_id, status.status, status.state, status.progress) == ("job_1", word, state, 12.5)
    assert status.error_message is None


def test_a_status_without_a_status_says_nothing(server: Server, api: PiktID) -> None:
    server.answers = [answer(200, {"job_id": "job_1"})]
    assert type(failure(lambda: api.job_status("job_1"))) is OutcomeUnknown


def results(server: Server, api: PiktID, *rows: object, **fields: object) -> JobResults:
    server.answers = [answer(200, {"job_type": "identity_creation", "results": rows, **fields})]
    return api.job_results("job_1")


def test_drafts_are_read_in_the_guides_spelling(server: Server, api: PiktID) -> None:
    row = {"image_index": 0, "image_result_id": 12345, "url": "https://cdn/1", "status": "completed"}
    read = results(server, api, row, {**row, "image_result_id": 12346}, status="completed", credits_used=15)
    assert (read.state, read.credits_used) == (RunState.COMPLETED, 15.0)
    assert read.drafts == (
        Draft(12345, "https://cdn/1", "completed", image_index=0, group_index=0),
        Draft(12346, "https://cdn/1", "completed", image_index=0, group_index=1),
    )


def test_drafts_are_read_in_the_reference_pages_spelling(server: Server, api: PiktID) -> None:
    output = {"full_size": "https://cdn/full", "thumbnail": "https://cdn/small"}
    row = {
        "id": "77",
        "output": output,
        "image_index": 1,
        "group_index": 2,
        "version": 3,
        "status": "completed",
    }
    assert results(server, api, row).drafts == (Draft(77, "https://cdn/full", "completed", 1, 2, 3),)


@pytest.mark.parametrize(
    ("row", "image_result_id", "url"),
    [
        ({"image_result_id": 1, "id": 2, "url": "b", "output": {"full_size": "a"}}, 1, "a"),
        ({"image_result_id": None, "id": 2, "url": "b", "output": {"full_size": ""}}, 2, "b"),
        ({"image_result_id": "x", "id": "2", "url": "b", "output": None}, 2, "b"),
        ({"image_result_id": True, "image_index": 5, "output": {"thumbnail": "small"}}, None, None),
    ],
)
def test_the_first_spelling_that_holds_something_counts(
    server: Server, api: PiktID, row: dict[str, object], image_result_id: int | None, url: str | None
) -> None:
    (draft,) = results(server, api, {**row, "status": "completed"}).drafts
    assert (draft.image_result_id, draft.url) == (image_result_id, url)
    assert draft.usable is (image_result_id is not None)


def test_drafts_without_a_group_index_are_numbered_within_their_instruction(
    server: Server, api: PiktID
) -> None:
    rows = [{"id": n, "image_index": index} for n, index in enumerate([0, 1, 0, 1, 1])]
    found = [(draft.image_index, draft.group_index) for draft in results(server, api, *rows).drafts]
    assert found == [(0, 0), (1, 0), (0, 1), (1, 1), (1, 2)]


def test_of_partial_results_only_completed_drafts_are_usable(server: Server, api: PiktID) -> None:
    rows = [{"id": n, "status": word} for n, word in enumerate(["completed", "failed", "processing", None])]
    read = results(server, api, *rows, "not a draft", None, status="failed")
    assert read.state is RunState.FAILED
    assert [draft.usable for draft in read.drafts] == [True, False, False, False]


def test_results_that_are_missing_are_not_read_as_none(server: Server, api: PiktID) -> None:
    server.answers = [answer(200, {"status": "completed", "results": None})]
    assert type(failure(lambda: api.job_results("job_1"))) is OutcomeUnknown
    server.answers = [answer(200, {"job_type": "identity_preprocessing", "results": {"identity_code": "a"}})]
    read = api.job_results("job_1")
    assert (read.drafts, read.state) == ((), None)


@pytest.mark.parametrize("status", [404, 405])
def test_preprocessing_is_asked_of_the_identity_when_its_status_path_is_missing(
    server: Server, api: PiktID, status: int
) -> None:
    server.answers = [answer(status), answer(200, {"preprocessing_status": "completed", "status": "odd"})]
    assert api.preprocessing("abc").state is RunState.COMPLETED
    assert [seen.path for seen in server.seen] == ["/identity/abc/status", "/identity/abc"]


def test_preprocessing_that_failed_says_why(server: Server, api: PiktID) -> None:
    server.answers = [answer(200, {"preprocessing_status": "failed", "error_message": "No face"})]
    read = api.preprocessing("abc")
    assert (read.state, read.error_message) == (RunState.FAILED, "No face")


def test_an_identity_that_neither_path_knows_is_not_found(server: Server, api: PiktID) -> None:
    server.answers = [answer(404), answer(404)]
    assert type(failure(lambda: api.preprocessing("abc"))) is NotFound


def test_preprocessing_falls_back_on_no_other_refusal(server: Server, api: PiktID) -> None:
    server.answers = [answer(418)]
    assert type(failure(lambda: api.preprocessing("abc"))) is Unexpected
    assert len(server.seen) == 1


LIBRARY = [
    {"identity_code": "a", "name": "Mine", "visibility": "private", "created_by": "17"},
    {"identity_code": "b", "visibility": "shared", "created_by": "me@example.com"},
    {"identity_code": "c", "visibility": "shared", "created_by": "colleague"},
    {"identity_code": "d", "visibility": "default", "created_by": None},
    {"identity_code": "e"},
    {"name": "no code"},
    "no identity",
]


def test_own_identities_are_those_the_account_made_over_all_pages(server: Server, api: PiktID) -> None:
    server.answers = [
        answer(200, {"identities": LIBRARY[:3], "pagination": {"page": 1, "pages": 2, "has_next": True}}),
        answer(200, {"identities": LIBRARY[2:], "pagination": {"page": 2, "pages": 2}}),
        answer(200, {"username": "me", "email": "me@example.com", "credits": 7}),
    ]
    assert [identity.identity_code for identity in api.own_identities()] == ["a", "b", "e"]
    assert server.seen[0].path == "/identity?ownership=mine&page=1&per_page=100"
    assert server.seen[1].path == "/identity?ownership=mine&page=2&per_page=100"


def test_without_a_word_on_pages_the_list_ends_where_nothing_new_comes(server: Server, api: PiktID) -> None:
    page = answer(200, {"identities": [LIBRARY[0]]})
    server.answers = [page, page]
    assert [identity.name for identity in api.own_identities()] == ["Mine"]


def test_a_list_filter_that_the_api_refuses_is_left_out(server: Server, api: PiktID) -> None:
    page = {"identities": [LIBRARY[0], LIBRARY[3]], "pagination": {"has_next": False}}
    server.answers = [answer(400, VALIDATION), answer(200, page)]
    assert [identity.identity_code for identity in api.own_identities()] == ["a"]
    assert server.seen[1].path == "/identity?page=1&per_page=100"


def test_a_list_of_identities_without_end_is_given_up(server: Server, api: PiktID) -> None:
    pages = [
        {"identities": [{"identity_code": str(n)}], "pagination": {"has_next": True}} for n in range(101)
    ]
    server.answers = [answer(200, page) for page in pages]
    assert type(failure(api.own_identities)) is OutcomeUnknown
    assert len(server.seen) == piktid.MAX_PAGES


@pytest.mark.parametrize(("balance", "read"), [(7, 7.0), ("7.5", 7.5), (None, None), (float("nan"), None)])
def test_the_balance_may_be_of_any_type_or_missing(
    server: Server, api: PiktID, balance: object, read: float | None
) -> None:
    server.answers = [answer(200, {"credits": balance})]
    assert api.me().credits == read


@pytest.mark.parametrize("status", [200, 202, 204, 404])
def test_a_deleted_notification_may_be_gone_already(server: Server, api: PiktID, status: int) -> None:
    server.answers = [answer(status)]
    api.delete_notification(5)
    assert (server.seen[0].method, server.seen[0].path) == ("DELETE", "/notifications/5")


# What is sent, and to whom


def test_a_call_sends_the_body_the_token_and_no_cookie(server: Server, api: PiktID) -> None:
    cookie = {"Set-Cookie": "session=of-this-account; Path=/"}
    server.answers = [answer(202, {"job_id": "job_1"}, cookie), answer(201, {"identity_code": "a"}, cookie)]
    api.create(BODY)
    api.promote(12346, name="Spring")
    first, second = server.seen
    assert (first.method, first.path, json.loads(first.body)) == ("POST", "/identity/create", BODY)
    assert first.headers["Authorization"] == second.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(second.body) == {"image_result_id": 12346, "name": "Spring"}
    assert second.headers["Cookie"] is None


def test_accounts_that_share_the_pool_keep_their_own_tokens(server: Server, pool: httpx.Client) -> None:
    server.answers = [answer(200, {"credits": 1}), answer(200, {"credits": 2})]
    for token in ("one", "two"):
        PiktID(pool, server.url, SecretStr(token)).me()
    assert [seen.headers["Authorization"] for seen in server.seen] == ["Bearer one", "Bearer two"]


def test_ids_cannot_climb_out_of_their_path(server: Server, api: PiktID) -> None:
    server.answers = [answer(200, {"status": "pending"}), answer(200, {"status": "pending"})]
    api.job_status("../auth/me?x=#")
    api.preprocessing("..")
    assert server.seen[0].path == "/jobs/%2E%2E%2Fauth%2Fme%3Fx%3D%23/status"
    assert server.seen[1].path == "/identity/%2E%2E/status"


def test_an_id_longer_than_any_url_is_not_sent(server: Server, api: PiktID) -> None:
    assert type(failure(lambda: api.job_status("x" * 70_000))) is NotSent


def test_a_redirect_is_not_followed(server: Server, api: PiktID) -> None:
    server.answers = [answer(307, None, {"Location": f"{server.url}/elsewhere"})]
    assert type(failure(lambda: api.create(BODY))) is Unexpected
    assert len(server.seen) == 1


def test_the_token_stands_in_no_text(server: Server, api: PiktID) -> None:
    body = {
        "error": f"Bad token {TOKEN}",
        "detail": [{"field": TOKEN, "message": f"see https://x/y?t={TOKEN}"}],
    }
    for status in (400, 401, 409, 429, 500):
        error = refused(server, api, status, body)
        assert TOKEN not in f"{error} {error!r} {vars(error)} {error.args}"
    assert TOKEN not in repr(api)


def test_links_in_an_error_lose_their_query(server: Server, api: PiktID) -> None:
    error = refused(server, api, 400, b"Not found: https://cdn.test/a.png?Expires=1&Signature=abc in store")
    assert error.message == "Not found: https://cdn.test/a.png?[query] in store"


@pytest.mark.parametrize("token", ["", " ", "two\nlines", "tok\u00e9n", " padded"])
def test_a_token_that_no_header_can_carry_is_refused_unnamed(pool: httpx.Client, token: str) -> None:
    with pytest.raises(ValueError, match="no header can carry") as raised:
        PiktID(pool, "https://v2.api.piktid.com", SecretStr(token))
    assert not token.strip() or token not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.test",
        "ftp://api.test",
        "api.test",
        "https://",
        "https://user:pass@api.test",
        "https://a/?b=c",
    ],
)
def test_an_api_that_would_get_the_token_in_the_clear_is_refused(pool: httpx.Client, url: str) -> None:
    with pytest.raises(ValueError, match="must be https"):
        PiktID(pool, url, SecretStr(TOKEN))


# Pictures


@pytest.mark.parametrize(
    ("content", "suffix", "content_type"),
    [
        (PNG, ".png", "image/png"),
        (b"\xff\xd8\xff\xe0 and so on", ".jpg", "image/jpeg"),
        (b"RIFF\n\n\n\nWEBPVP8 ", ".webp", "image/webp"),
    ],
)
def test_a_picture_is_named_for_what_it_is_not_for_its_label(
    server: Server, pool: httpx.Client, content: bytes, suffix: str, content_type: str
) -> None:
    server.answers = [answer(200, content, {"Content-Type": "application/octet-stream"})]
    picture = download(pool, f"{server.url}/drafts/1.jpg?Signature=abc")
    assert (picture.content, picture.suffix, picture.content_type) == (content, suffix, content_type)


def test_a_picture_is_fetched_without_the_token_and_its_link_is_not_logged(
    server: Server, pool: httpx.Client, api: PiktID, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.answers = [answer(200, {"credits": 1}, {"Set-Cookie": "a=b"}), answer(200, PNG)]
    api.me()
    download(pool, f"{server.url}/1.png?Signature=abc")
    assert server.seen[1].path == "/1.png?Signature=abc"
    assert server.seen[1].headers["Authorization"] is None
    assert server.seen[1].headers["Cookie"] is None
    assert "Signature" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.test/1.png",
        "file:///etc/passwd",
        "//cdn.test/1.png",
        "",
        "http://[",
        "http://127.0.0.1.test/",
    ],
)
def test_a_picture_is_fetched_over_https_or_from_this_machine_only(pool: httpx.Client, url: str) -> None:
    assert type(failure(lambda: download(pool, url))) is PictureRefused


def test_what_is_no_picture_or_too_large_is_refused(server: Server, pool: httpx.Client) -> None:
    server.answers = [answer(200, b"<html>", {"Content-Type": "image/png"}), answer(200, PNG)]
    assert type(failure(lambda: download(pool, server.url))) is PictureRefused
    assert type(failure(lambda: download(pool, server.url, max_bytes=len(PNG) - 1))) is PictureRefused


def test_a_picture_that_broke_off_or_has_moved_is_no_picture(server: Server, pool: httpx.Client) -> None:
    server.answers = [Cut(answer(200, PNG)[:-1]), answer(403, b"<Error>Expired</Error>")]
    assert type(failure(lambda: download(pool, f"{server.url}/?a=b"))) is OutcomeUnknown
    expired = failure(lambda: download(pool, f"{server.url}/?Signature=abc"))
    assert type(expired) is Forbidden
    assert "Signature" not in str(expired)


# The whole way, against the sandbox


def until_done(ask: Callable[[], JobStatus | Preprocessing]) -> RunState:
    """Ask until the run ends; a job just made may not be known yet."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(NotFound):
            if (state := ask().state) is not RunState.RUNNING:
                return state
    raise TimeoutError


@pytest.mark.parametrize("dialect", ["guide", "docs"])
def test_a_brief_becomes_an_identity_in_both_spellings_of_the_sandbox(dialect: DialectName) -> None:
    with running(speed=1000.0, dialect=dialect) as sandbox, open_pool() as pool:
        api = PiktID(pool, sandbox.url, SecretStr(sandbox.token("client")))
        before = api.me().credits
        created = api.create({"instructions": [{"prompt": "a face", "num_variations": 2}], "name": "Spring"})
        assert created.total_variations == 2
        assert until_done(lambda: api.job_status(created.job_id)) is RunState.COMPLETED
        drafts = api.job_results(created.job_id).drafts
        assert [(draft.usable, draft.group_index) for draft in drafts] == [(True, 0), (True, 1)]
        chosen = drafts[1]
        assert chosen.url is not None
        assert download(pool, chosen.url).suffix == ".jpg"
        assert chosen.image_result_id is not None
        promoted = api.promote(chosen.image_result_id)
        assert until_done(lambda: api.preprocessing(promoted.identity_code)) is RunState.COMPLETED
        again = failure(lambda: api.promote(chosen.image_result_id or 0))
        assert isinstance(again, AlreadyPromoted)
        assert again.identity_code == promoted.identity_code
        taken = failure(lambda: api.promote(drafts[0].image_result_id or 0, name="Spring"))
        assert type(taken) is NameTaken
        assert [identity.name for identity in api.own_identities()] == ["Spring"]
        after = api.me().credits
        assert before is not None
        assert after is not None
        assert before - after >= 50


def test_the_refusals_of_the_sandbox_have_their_classes() -> None:
    with running(price_draft_2k=1e6, create_per_minute=1) as sandbox, open_pool() as pool:
        api = PiktID(pool, sandbox.url, SecretStr(sandbox.token("refused")))
        broke = failure(lambda: api.create(BODY))
        assert isinstance(broke, OutOfCredits)
        assert (broke.required_credits, broke.user_credits) == (1e6, api.me().credits)
        assert type(failure(lambda: api.create(BODY))) is RateLimited
        assert type(failure(lambda: api.promote(1))) is NotFound
        assert type(failure(lambda: api.job_status("nobody's"))) is NotFound
        busy = PiktID(pool, sandbox.url, SecretStr(sandbox.token("busy")))
        sandbox.settings(account=sandbox.token("busy"), jobs_cap=0)
        assert type(failure(lambda: busy.create(BODY))) is JobsFull
        stranger = PiktID(pool, sandbox.url, SecretStr("a-stranger"))
        assert type(failure(stranger.me)) is Unauthorized
        api.delete_notification(12345)
