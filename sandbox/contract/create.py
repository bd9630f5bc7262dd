"""POST /identity/create (guide: Submitting a creation job)."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.common.errors import ApiError
from sandbox.contract import rate
from sandbox.contract.validation import creation_body, require_tier
from sandbox.jobs.creation import create
from sandbox.jobs.running import finish_early
from sandbox.serving.context import account_of, json_object, world_of

ENDPOINT = "POST /identity/create"


async def create_identity(request: Request) -> JSONResponse:
    """Start a creation job."""
    world, account = world_of(request), account_of(request)
    rate.let_in(request, ENDPOINT)
    if not account.settings.identity_creation_enabled:
        raise ApiError(503, "Identity creation is not enabled.")
    body = creation_body(await json_object(request), account)
    require_tier(body, account.settings)
    job = create(world, account, body)
    rate.accepted(account, ENDPOINT, job.created)
    if request.state.early:
        finish_early(world, account, job)
    count, total = len(body["instructions"]), len(job.drafts)
    return JSONResponse(
        {
            "job_id": job.job_id,
            "status": "pending",
            "num_instructions": count,
            "total_variations": total,
            "message": (
                f"Identity creation job dispatched: {count} instruction(s), {total} total variation(s)"
            ),
        },
        status_code=202,
    )
