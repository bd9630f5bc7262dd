"""Answers about jobs and drafts, in every known spelling (piktid-v2.md, section 6)."""

import pytest
from calls import BODY, failure
from scripted_server import Server, answer

from worker.piktid import client
from worker.piktid.answers import Draft, JobResults, RunState
from worker.piktid.client import PiktID
from worker.piktid.errors import OutcomeUnknownError


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_code_will_do(server: Server, api: PiktID, status: int) -> None:
    server.answers = [
        answer(status, {"job_id": "job_1", "total_variations": 3, "message": "dispatched"}),
        answer(status, {"identity_code": "abc1234567xy"}),
    ]
    assert api.create(BODY).job_id == "job_1"
    promoted = api.promote(12346)
    assert (promoted.identity_code, promoted.preprocessing_job_id) == ("abc1234567xy", None)


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
        b" " * (client.MAX_BODY_BYTES + 1) + b'{"job_id": "job_1"}',
    ],
    ids=range(15),
)
def test_a_success_without_the_needed_field_leaves_the_outcome_unknown(
    server: Server, api: PiktID, body: bytes | None
) -> None:
    server.answers = [answer(202, body)]
    assert type(failure(lambda: api.create(BODY))) is OutcomeUnknownError


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
    assert api.job_status("job_1").state is state


def test_a_status_without_a_status_says_nothing(server: Server, api: PiktID) -> None:
    server.answers = [answer(200, {"job_id": "job_1"})]
    assert type(failure(lambda: api.job_status("job_1"))) is OutcomeUnknownError


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
    assert type(failure(lambda: api.job_results("job_1"))) is OutcomeUnknownError
    server.answers = [answer(200, {"job_type": "identity_preprocessing", "results": {"identity_code": "a"}})]
    read = api.job_results("job_1")
    assert (read.drafts, read.state) == ((), None)
