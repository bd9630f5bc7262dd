"""The API's answers about jobs and drafts, in every known spelling (piktid-v2.md, section 6)."""

from collections.abc import Callable

import pytest

from worker.piktid.answers import (
    Draft,
    JobResults,
    JobStatus,
    RunState,
)
from worker.piktid.json_values import (
    UnreadableError,
)
from worker.piktid.reading import (
    read_created,
    read_identity_page,
    read_job_results,
    read_job_status,
    read_me,
    read_preprocessing,
    read_promoted,
    read_webhook,
)
from worker.piktid.reading_pictures import read_extracted, read_upload


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
def test_only_known_words_end_a_job(word: str, state: RunState) -> None:
    assert read_job_status({"status": word, "progress": "12.5"}) == JobStatus("", state)


def test_a_jobs_status_is_read_with_its_type_pictures_and_age() -> None:
    body = {"status": "pending", "job_type": "model_swap", "total_images": "3", "created_at": 12.5}
    assert read_job_status(body) == JobStatus("model_swap", RunState.RUNNING, 3, 12.5)


def results(*rows: object, **fields: object) -> JobResults:
    return read_job_results({"job_type": "identity_creation", "results": list(rows), **fields}, "job_1")


@pytest.mark.parametrize(("told", "job_id"), [({}, "job_1"), ({"job_id": 7}, "7"), ({"job_id": ""}, "job_1")])
def test_results_are_of_the_job_named_or_else_asked_for(told: dict[str, object], job_id: str) -> None:
    read = results(**told)
    assert (read.job_id, read.job_type, read.status, read.state) == (job_id, "identity_creation", "", None)
    assert (read.drafts, read.credits_used) == ((), None)
    assert read_job_results({"results": []}, "job_1").job_type == ""


def test_drafts_are_read_in_the_guides_spelling() -> None:
    row = {"image_index": 0, "image_result_id": 12345, "url": "https://cdn/1", "status": "completed"}
    read = results(row, {**row, "image_result_id": 12346}, status="completed", credits_used=15)
    assert (read.state, read.credits_used) == (RunState.COMPLETED, 15.0)
    assert read.drafts == (
        Draft(12345, "https://cdn/1", "completed", image_index=0, group_index=0),
        Draft(12346, "https://cdn/1", "completed", image_index=0, group_index=1),
    )


def test_drafts_are_read_in_the_reference_pages_spelling() -> None:
    output = {"full_size": "https://cdn/full", "thumbnail": "https://cdn/small"}
    row = {
        "id": "77",
        "output": output,
        "image_index": 1,
        "group_index": 2,
        "version": 3,
        "status": "completed",
    }
    assert results(row).drafts == (Draft(77, "https://cdn/full", "completed", 1, 2, 3),)


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
    row: dict[str, object], image_result_id: int | None, url: str | None
) -> None:
    (draft,) = results({**row, "status": "completed"}).drafts
    assert (draft.image_result_id, draft.url) == (image_result_id, url)
    assert draft.usable is (image_result_id is not None)


def test_drafts_without_a_group_index_are_numbered_within_their_instruction() -> None:
    rows = [{"id": n, "image_index": index} for n, index in enumerate([0, 1, 0, 1, 1])]
    found = [(draft.image_index, draft.group_index) for draft in results(*rows).drafts]
    assert found == [(0, 0), (1, 0), (0, 1), (1, 1), (1, 2)]


def test_of_partial_results_only_completed_drafts_are_usable() -> None:
    rows = [{"id": n, "status": word} for n, word in enumerate(["completed", "failed", "processing", None])]
    read = results("not a draft", *rows, None, status="failed")
    assert read.state is RunState.FAILED
    assert [draft.usable for draft in read.drafts] == [True, False, False, False]


def test_a_draft_of_which_nothing_is_told_is_the_first() -> None:
    assert results({}).drafts == (Draft(None, None, "", image_index=0, group_index=0, version=0),)


@pytest.mark.parametrize("job_type", [None, "identity_creation"])
def test_results_that_are_missing_are_not_read_as_none(job_type: str | None) -> None:
    with pytest.raises(UnreadableError, match=r"^it holds no list of results$"):
        read_job_results({"job_type": job_type, "status": "completed", "results": None}, "job_1")


def test_a_preprocessing_job_may_have_no_list_of_results() -> None:
    body = {"job_type": "identity_preprocessing", "results": {"identity_code": "a"}, "status": "failed"}
    assert read_job_results(body, "job_1") == JobResults(
        "job_1", "identity_preprocessing", "failed", RunState.FAILED
    )


@pytest.mark.parametrize(
    ("read", "body", "told"),
    [
        (read_created, {"job_id": None}, "it holds no job_id"),
        (read_created, [{"job_id": "j"}], "the body is not a JSON object"),
        (read_job_status, {"job_id": "job_1"}, "it holds no status"),
        (read_promoted, {"identity_code": True}, "it holds no identity_code"),
        (read_preprocessing, {"status": " "}, "it holds no preprocessing_status"),
        (read_identity_page, {"identities": {}}, "it holds no list of identities"),
        (read_upload, {"upload_url": "u"}, "it holds no upload_url and file_id"),
        (read_upload, {"file_id": "f"}, "it holds no upload_url and file_id"),
        (read_extracted, {"instruction_data": []}, "it holds no instruction_data"),
        (read_me, None, "the body is not a JSON object"),
        (read_webhook, "secret", "the body is not a JSON object"),
    ],
)
def test_an_answer_without_what_is_needed_is_unreadable(
    read: Callable[[object], object], body: object, told: str
) -> None:
    with pytest.raises(UnreadableError) as unreadable:
        read(body)
    assert str(unreadable.value) == told
