"""GET /jobs/{job_id}/status and /results (reference, sections 2.4 and 2.5)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.account import Account
from sandbox.account.jobs import PREPROCESSING, Job
from sandbox.api.context import account_of, base_url, world_of
from sandbox.errors import ApiError
from sandbox.pictures.urls import picture_url


async def job_status(request: Request) -> JSONResponse:
    """How a job stands."""
    account, now = account_of(request), world_of(request).clock.now()
    return JSONResponse(_status(_find(request), account, now))


async def job_results(request: Request) -> JSONResponse:
    """What a job has made so far; a draft is listed once work on it has started."""
    world, account, job = world_of(request), account_of(request), _find(request)
    now, base = world.clock.now(), base_url(request)
    results, counts = [], {"completed": 0, "failed": 0}
    for draft in job.drafts:
        status = job.draft_status(draft, now)
        if status == "pending":
            continue
        url = thumbnail = None
        if status in counts:
            counts[status] += 1
        if status == "completed":
            url = picture_url(world, base, account, job, draft)
            thumbnail = picture_url(world, base, account, job, draft, thumbnail=True)
        results.append(
            {
                "image_index": draft.image_index,
                **world.dialect.result(draft, url, thumbnail),
                "group_index": draft.group_index,
                "version": 0,
                "status": status,
                "error_message": "The draft could not be generated" if status == "failed" else None,
            }
        )
    return JSONResponse(
        {
            **_status(job, account, now),
            "results": results,
            "summary": _summary(job, counts),
            "credits_used": job.credits_used if job.finished else None,
        }
    )


def _find(request: Request) -> Job:
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
    done = sum(job.draft_status(draft, now) in ("completed", "failed") for draft in job.drafts)
    return {
        "job_id": job.job_id,
        "job_type": job.job_type,
        "status": status,
        "progress": job.progress(now),
        "total_images": len(job.drafts),
        "processed_images": done,
        "created_at": job.created_on,
        "updated_at": job.finished_on or job.created_on,
        "error_message": job.error_message if status == "failed" else None,
        "identity_code": job.identity_code,
        "identity_name": identity.name if identity else None,
        "project_id": None,
        "project_text": None,
        "project_key": None,
        "should_post_process": job.job_type == PREPROCESSING,
        "post_processing_status": None,
        "post_processing_error": None,
        "processing_options": job.request.get("options"),
    }


def _summary(job: Job, counts: dict[str, int]) -> dict[str, Any]:
    total = len(job.drafts)
    return {
        "total_images": total,
        "successful": counts["completed"],
        "failed": counts["failed"],
        "average_quality_score": None,
        "success_rate": round(100 * counts["completed"] / total, 1) if total else None,
    }
