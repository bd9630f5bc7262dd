"""POST /_sandbox/other-jobs: other products at work on an account."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.common.names import account_name
from sandbox.jobs.others import add_identity, start_job
from sandbox.serving.context import json_object, world_of


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account: str
    job_type: Literal["model_swap", "flat_2_model", "create_packshot", "garment_recolor"] = "model_swap"
    jobs: Annotated[int, Field(ge=0, le=1_000)] = 1
    #: Unscaled seconds that each job takes.
    seconds: Annotated[float, Field(ge=0, le=86_400)] = 60
    identities: Annotated[int, Field(ge=0, le=1_000)] = 0


async def start_other_jobs(request: Request) -> JSONResponse:
    """Start jobs, which count against the same cap, and add identities, which take slots."""
    world = world_of(request)
    try:
        order = _Order.model_validate(await json_object(request))
    except ValidationError as error:
        faults = [Fault(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        raise invalid(faults) from None
    account = world.named(account_name(order.account))
    if account is None:
        raise ApiError(400, "account: Must be the name of an account.")
    settings = account.settings
    if not settings.enterprise and account.in_flight + order.jobs > settings.jobs_cap:
        raise ApiError(409, "The account has not so many free jobs; the API would have refused them.")
    jobs = [start_job(world, account, order.job_type, order.seconds) for _ in range(order.jobs)]
    identities = [add_identity(world, account) for _ in range(order.identities)]
    return JSONResponse(
        {
            "job_ids": [job.job_id for job in jobs],
            "image_result_ids": [job.drafts[0].image_result_id for job in jobs],
            "identity_codes": [identity.identity_code for identity in identities],
        }
    )
