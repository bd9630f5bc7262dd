"""GET /jobs/{job_id}/status and /results (reference, sections 2.4 and 2.5)."""

from collections import Counter
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.account import Account
from sandbox.account.dialects import DIALECTS, Dialect
from sandbox.account.jobs import PREPROCESSING, Draft, Job, project_key
from sandbox.common.errors import ApiError
from sandbox.contract.images import image_item
from sandbox.serving.context import account_of, world_of


async def job_status(request: Request) -> JSONResponse:
    """How a job stands."""
    account, now = account_of(request), world_of(request).clock.now()
    return JSONResponse(_status(find_job(request), account, now))


async def job_results(request: Request) -> JSONResponse:
    """What a job has made so far: a draft is listed once work on it has started, in its newest version."""
    world, account, job = world_of(request), account_of(request), find_job(request)
    now, drafts = world.clock.now(), job.latest_drafts()
    started = [draft for draft in drafts if draft.version or job.draft_status(draft, now) != "pending"]
    items = [image_item(request, job, draft) for draft in started]
    return JSONResponse(
        {
            **_status(job, account, now),
            "results": [_spelled(world.dialect, account, item) for item in items],
            "summary": _summary(drafts, items),
            "credits_used": job.credits_used if job.finished else None,
        }
    )


def _spelled(dialect: Dialect, account: Account, item: dict[str, Any]) -> dict[str, Any]:
    if account.settings.both_spellings:
        return {**item, **DIALECTS["guide"].result(item)}
    return dialect.result(item)


def find_job(request: Request) -> Job:
    """The job of the path; unknown for a short time after its creation, as the vendor's clients expect."""
    account, world = account_of(request), world_of(request)
    job = account.jobs.get(request.path_params["job_id"])
    if job is None:
        raise ApiError(404, "Job not found.")
    if not job.finished and world.clock.now() - job.created < account.settings.not_found_seconds:
        raise ApiError(404, "Job not found.")
    return job


def _status(job: Job, account: Account, now: float) -> dict[str, Any]:
    identity = account.identities.get(job.identity_code or "")
    status = job.status(now)
    drafts = job.latest_drafts()
    done = sum(job.draft_status(draft, now) in ("completed", "failed") for draft in drafts)
    return {
        "job_id": job.job_id,
        "job_type": job.job_type,
        "status": status,
        "progress": job.progress(now),
        "total_images": len(drafts),
        "processed_images": done,
        "created_at": job.created_on,
        "updated_at": job.updated(now),
        "error_message": job.error_message if status == "failed" else None,
        "identity_code": job.identity_code,
        "identity_name": identity.name if identity else None,
        "project_id": job.project_id,
        "project_text": account.project_name(job.project_id),
        "project_key": project_key(job.project_id),
        "should_post_process": job.job_type == PREPROCESSING,
        "post_processing_status": None,
        "post_processing_error": None,
        "processing_options": job.request.get("options"),
    }


def _summary(drafts: list[Draft], items: list[dict[str, Any]]) -> dict[str, Any]:
    counts = Counter(item["status"] for item in items)
    total = len(drafts)
    return {
        "total_images": total,
        "successful": counts["completed"],
        "failed": counts["failed"],
        "average_quality_score": None,
        "success_rate": round(100 * counts["completed"] / total, 1) if total else None,
    }
