"""Pictures that take too long: listed, and given up (reference, section 2.9)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.jobs import Draft, Job
from sandbox.common.errors import Fault, invalid
from sandbox.jobs.running import give_up
from sandbox.serving.context import account_of, json_object, world_of
from sandbox.serving.paging import choice, number, page_of

UNFINISHED = ("pending", "processing")


async def stuck_images(request: Request) -> JSONResponse:
    """The pictures not finished `min_hours` (unscaled) after they were asked for, oldest first."""
    query = request.query_params
    wanted = choice(query, "status", ("", *UNFINISHED))
    longest = 3600 * number(query, "min_hours", 1, least=0)
    now = world_of(request).clock.now()
    found = [
        _stuck(job, draft, now)
        for job in account_of(request).jobs.values()
        for draft in job.drafts
        if job.draft_status(draft, now) in ((wanted,) if wanted else UNFINISHED)
        and now - _asked_for(job, draft) >= longest
    ]
    return JSONResponse(page_of(query, "images", found))


async def give_up_images(request: Request) -> JSONResponse:
    """Mark unfinished pictures as failed; finished and unknown ones are left as they are."""
    world, account, body = world_of(request), account_of(request), await json_object(request)
    ids = body.get("image_ids")
    if not isinstance(ids, list) or not all(type(number) is int for number in ids):
        raise invalid([Fault("image_ids", "Must be a list of image result ids.")])
    if body.get("new_status") != "failed":
        raise invalid([Fault("new_status", "Must be failed.")])
    given_up = [number for number in dict.fromkeys(ids) if give_up(world, account, number)]
    return JSONResponse(
        {
            "success": True,
            "message": f"{len(given_up)} image(s) marked as failed.",
            "updated_count": len(given_up),
        }
    )


def _asked_for(job: Job, draft: Draft) -> float:
    return job.created if draft.started is None else draft.started


def _stuck(job: Job, draft: Draft, now: float) -> dict[str, Any]:
    return {
        "id": draft.image_result_id,
        "job_id": job.job_id,
        "image_index": draft.image_index,
        "status": job.draft_status(draft, now),
        "original_filename": None,
        "created_at": job.created_on,
        "updated_at": job.finished_on or job.created_on,
        "hours_stuck": round((now - _asked_for(job, draft)) / 3600, 2),
        "job_status": job.status(now),
        "error_message": None,
    }
