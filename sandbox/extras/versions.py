"""Regeneration of a picture, and its versions (reference, section 2.9)."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.common.errors import ApiError
from sandbox.contract.images import image_item
from sandbox.contract.jobs import find_job
from sandbox.jobs.regeneration import regenerate
from sandbox.serving.context import account_of, world_of
from sandbox.serving.paging import number


async def regenerate_image(request: Request) -> JSONResponse:
    """Draw one picture of a finished job anew; its id is a new one, and results show the new version."""
    group_index = number(request.query_params, "group_index", 0, least=0)
    place = number(request.path_params, "image_index", 0, least=0)
    job = find_job(request)
    regenerate(world_of(request), account_of(request), job, place, group_index)
    return JSONResponse({"success": True, "message": "Regeneration dispatched.", "image_index": place})


async def list_versions(request: Request) -> JSONResponse:
    """Every version of a picture, over all variations, oldest first."""
    job, place = find_job(request), number(request.path_params, "image_index", 0, least=0)
    versions = [image_item(request, job, draft) for draft in job.drafts if draft.image_index == place]
    if not versions:
        raise ApiError(404, "The job has no such image.")
    return JSONResponse({"job_id": job.job_id, "image_index": place, "versions": versions})
