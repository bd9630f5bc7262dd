"""The two spellings of the API: the guide's, and the one of the vendor's reference pages."""

from typing import Any, Literal, Protocol

from sandbox.account.jobs import Draft, Job

DialectName = Literal["guide", "docs"]
Event = tuple[str, dict[str, Any]]


class Dialect(Protocol):
    """How events and results are spelled."""

    def job_event(self, job: Job, status: str) -> Event | None:
        """The event of a creation job's new state, if that state has one."""

    def image_event(self, job: Job, draft: Draft, status: str) -> Event | None:
        """The event of one finished draft, if the dialect has one."""

    def preprocessing_event(self, job: Job, status: str) -> Event:
        """The event of a preprocessing job's new state."""

    def result(self, item: dict[str, Any]) -> dict[str, Any]:
        """One item of the results, given as the reference spells it."""


class Guide:
    """`completed` and `error`, `id_task`, `image_result_id` and `url`."""

    def job_event(self, job: Job, status: str) -> Event | None:
        """Only the end of a job is told."""
        names = {"completed": "completed", "failed": "error"}
        return (names[status], {"id_task": job.job_id, "status": status}) if status in names else None

    def image_event(self, job: Job, draft: Draft, status: str) -> Event | None:  # noqa: ARG002  # protocol
        """Single drafts are not told."""
        return None

    def preprocessing_event(self, job: Job, status: str) -> Event:
        """The state, and why it failed."""
        data = {"id_task": job.job_id, "status": status}
        if status == "failed":
            data["error_message"] = job.error_message or ""
        return "identity_preprocessing", data

    def result(self, item: dict[str, Any]) -> dict[str, Any]:
        """As in the guide's sample answer, with what tells two drafts of an instruction apart."""
        same = ("image_index", "group_index", "version", "status", "error_message")
        url = item["output"]["full_size"] if item["output"] else None
        return {"image_result_id": item["id"], "url": url, **{name: item[name] for name in same}}


class Docs:
    """`batch_edit` and `image_result`, `job_id`, `id` and `output`."""

    def job_event(self, job: Job, status: str) -> Event | None:
        """Every state of a job is told."""
        return "batch_edit", {"job_id": job.job_id, "status": status}

    def image_event(self, job: Job, draft: Draft, status: str) -> Event | None:
        """Every draft is told."""
        return "image_result", {
            "job_id": job.job_id,
            "id": draft.image_result_id,
            "image_index": draft.image_index,
            "group_index": draft.group_index,
            "status": status,
        }

    def preprocessing_event(self, job: Job, status: str) -> Event:
        """As in the guide, with the identity's code."""
        data = {"job_id": job.job_id, "identity_code": job.identity_code, "status": status}
        if status == "failed":
            data["error_message"] = job.error_message
        return "identity_preprocessing", data

    def result(self, item: dict[str, Any]) -> dict[str, Any]:
        """As on the reference page of the job's results and the newest gallery page."""
        return item


DIALECTS: dict[str, Dialect] = {"guide": Guide(), "docs": Docs()}
