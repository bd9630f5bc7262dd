"""The pictures of all jobs (reference, sections 2.5 and 2.9)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.jobs import Job
from sandbox.api.context import account_of, world_of
from sandbox.api.images import image_item
from sandbox.api.paging import choice, number, page_of

STATUSES = ("", "pending", "processing", "completed", "failed")
MOST_IMAGES = 200


async def by_job(request: Request) -> JSONResponse:
    """The jobs of the account, newest first, each with its pictures."""
    query, account, now = request.query_params, account_of(request), world_of(request).clock.now()
    status = choice(query, "status", STATUSES)
    most = number(query, "max_images_per_job", 50, MOST_IMAGES)
    job_id, job_type = query.get("job_id"), query.get("job_type")
    found = [
        job
        for job in reversed(account.jobs.values())
        if job_id in (None, job.job_id)
        and job_type in (None, job.job_type)
        and status in ("", job.status(now))
    ]
    page = page_of(query, "jobs", found)
    return JSONResponse({**page, "jobs": [_with_images(request, job, most, now) for job in page["jobs"]]})


async def by_project(request: Request) -> JSONResponse:
    """All pictures, newest job first. Nothing here belongs to a project, so asking for one finds nothing."""
    account, query = account_of(request), request.query_params
    project = number(query, "project_id", 0)
    jobs = [] if project else reversed(account.jobs.values())
    places = [(job, draft) for job in jobs for draft in job.latest_drafts()]
    page = page_of(query, "images", places)
    return JSONResponse({**page, "images": [image_item(request, *place) for place in page["images"]]})


def _with_images(request: Request, job: Job, most: int, now: float) -> dict[str, Any]:
    drafts = job.latest_drafts()
    return {
        "job_id": job.job_id,
        "job_type": job.job_type,
        "status": job.status(now),
        "created_at": job.created_on,
        "total_images": len(drafts),
        "images": [image_item(request, job, draft) for draft in drafts[:most]],
    }
