"""The pictures of all jobs, by job and by project (reference, sections 2.5 and 2.9)."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.account import Account
from sandbox.account.jobs import Draft, Job, project_key
from sandbox.contract.images import image_item
from sandbox.serving.context import account_of, world_of
from sandbox.serving.paging import choice, number, page_of

STATUSES = ("", "pending", "processing", "completed", "failed")
OWNERSHIPS = ("", "mine", "shared", "default")
FEEDBACKS = ("", "like", "dislike")
MOST_IMAGES = 200


async def by_job(request: Request) -> JSONResponse:
    """The jobs of the account, newest first, each with its pictures, which `status` and `feedback` filter."""
    query, account, now = request.query_params, account_of(request), world_of(request).clock.now()
    wanted = _Images(query, "max_images_per_job")
    job_id, job_type = query.get("job_id"), query.get("job_type")
    project = number(query, "project_id", 0)
    found = [
        job
        for job in _owned(query, account)
        if job_id in (None, job.job_id)
        and job_type in (None, job.job_type)
        and project in (0, job.project_id)
        and _is_found(query, account, job)
    ]
    if choice(query, "sort_by", ("created_at", "updated_at")) == "updated_at":
        found.sort(key=lambda job: job.updated(now), reverse=True)
    if choice(query, "order", ("desc", "asc")) == "asc":
        found.reverse()
    page = page_of(query, "jobs", found)
    return JSONResponse({**page, "jobs": [_job(request, job, wanted) for job in page["jobs"]]})


async def by_project(request: Request) -> JSONResponse:
    """The projects with their pictures; those of jobs without one stand under `project_id` null, last."""
    query, account = request.query_params, account_of(request)
    wanted = _Images(query, "max_images_per_project")
    asked = number(query, "project_id", 0)
    projects = [(number, name) for name, number in account.projects.items() if asked in (0, number)]
    of_none = [(None, None)] if not asked and any(_in(job, None) for job in account.jobs.values()) else []
    page = page_of(query, "projects", [*projects, *of_none])
    shown = [_project(request, number, name, wanted) for number, name in page["projects"]]
    return JSONResponse({**page, "projects": shown})


class _Images:
    """Which pictures of a job or project are shown, and how many."""

    def __init__(self, query: QueryParams, most: str) -> None:
        self._status = choice(query, "status", STATUSES)
        # Nobody gives feedback here.
        self._none = bool(choice(query, "feedback", FEEDBACKS))
        self._most = number(query, most, 50, MOST_IMAGES)

    def of(self, request: Request, places: Sequence[tuple[Job, Draft]]) -> list[dict[str, Any]]:
        """The pictures themselves."""
        now = world_of(request).clock.now()
        found = [
            place
            for place in ([] if self._none else places)
            if self._status in ("", place[0].draft_status(place[1], now))
        ]
        return [image_item(request, job, draft) for job, draft in found[: self._most]]


def _owned(query: QueryParams, account: Account) -> list[Job]:
    """Newest first; nobody shares jobs here."""
    mine = choice(query, "ownership", OWNERSHIPS) in ("", "mine")
    return list(reversed(account.jobs.values())) if mine else []


def _is_found(query: QueryParams, account: Account, job: Job) -> bool:
    """Whether what is searched for stands in one of the job's names."""
    identity = account.identities.get(job.identity_code or "")
    names = (job.job_id, job.name, identity and identity.name, account.project_name(job.project_id))
    searched = query.get("search", "").lower()
    return not searched or any(searched in name.lower() for name in names if name)


def _in(job: Job, project: int | None) -> bool:
    """Whether it is a job with pictures that belongs to a project, or to none."""
    return bool(job.drafts) and job.project_id == project


def _job(request: Request, job: Job, wanted: _Images) -> dict[str, Any]:
    account, now = account_of(request), world_of(request).clock.now()
    drafts = job.latest_drafts()
    counts = Counter(job.draft_status(draft, now) for draft in drafts)
    identity = account.identities.get(job.identity_code or "")
    return {
        "job_id": job.job_id,
        "job_type": job.job_type,
        "job_status": job.status(now),
        "created_at": job.created_on,
        "updated_at": job.updated(now),
        "created_by": account.username,
        "identity_code": job.identity_code,
        "identity_name": identity.name if identity else None,
        "project_id": job.project_id,
        "project_name": account.project_name(job.project_id),
        "project_key": project_key(job.project_id),
        "total_images": len(drafts),
        "completed_images": counts["completed"],
        "failed_images": counts["failed"],
        "images": wanted.of(request, [(job, draft) for draft in drafts]),
    }


def _project(request: Request, number: int | None, name: str | None, wanted: _Images) -> dict[str, Any]:
    jobs = [job for job in reversed(account_of(request).jobs.values()) if _in(job, number)]
    places = [(job, draft) for job in jobs for draft in job.latest_drafts()]
    return {
        "project_id": number,
        "project_name": name,
        "project_key": project_key(number),
        "total_jobs": len(jobs),
        "total_images": len(places),
        "images": wanted.of(request, places),
    }
