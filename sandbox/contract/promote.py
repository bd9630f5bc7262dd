"""POST /identity/promote-generated (guide: Promoting a draft)."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.contract import rate
from sandbox.jobs.promotion import promote
from sandbox.jobs.running import finish_early
from sandbox.serving.context import account_of, json_object, world_of

ENDPOINT = "POST /identity/promote-generated"


async def promote_generated(request: Request) -> JSONResponse:
    """Turn a draft into an identity and start its preprocessing."""
    world, account = world_of(request), account_of(request)
    rate.let_in(request, ENDPOINT)
    if not account.settings.identity_creation_enabled:
        raise ApiError(503, "Identity creation is not enabled.")
    body = await json_object(request)
    number, name = body.get("image_result_id"), body.get("name")
    if not isinstance(number, int) or isinstance(number, bool):
        raise invalid([Fault("image_result_id", "Must be an integer.")])
    if not isinstance(name, str | None):
        raise invalid([Fault("name", "Must be a string.")])
    identity = promote(world, account, number, name.strip() or None if name else None)
    rate.accepted(account, ENDPOINT, identity.created)
    if request.state.early:
        finish_early(world, account, account.jobs[identity.preprocessing_job_id or ""])
    return JSONResponse(
        {
            "identity_code": identity.identity_code,
            "preprocessing_job_id": identity.preprocessing_job_id,
            "status": "pending",
            "message": "Identity promoted; preprocessing dispatched.",
        },
        status_code=201,
    )
