"""GET /_sandbox/ledger: what happened, to prove a client's conduct by."""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.account import Account, Identity
from sandbox.account.jobs import Job
from sandbox.account.world import World
from sandbox.common.errors import ApiError
from sandbox.common.names import account_name
from sandbox.jobs.publishing import forget_old
from sandbox.serving.context import world_of


async def read_ledger(request: Request) -> JSONResponse:
    """All accounts, or with `?account=` only that one, which is not made by it. Times are sandbox seconds."""
    world, name = world_of(request), request.query_params.get("account")
    if name is None:
        accounts = list(world.accounts.values())
    else:
        account = world.look(account_name(name))
        if account is None:
            raise ApiError(404, "No account can be called so.")
        accounts = [account]
    return JSONResponse(
        {
            "now": round(world.clock.now(), 3),
            "speed": world.clock.speed,
            "dialect": world.dialect_name,
            "seed": world.seed,
            "requests_without_account": world.without_account,
            "accounts": {account.name: _account(world, account) for account in accounts},
        }
    )


def _account(world: World, account: Account) -> dict[str, Any]:
    now = world.clock.now()
    forget_old(account, now)
    return {
        "settings": account.settings.model_dump(),
        "jobs": [_job(job, now) for job in account.jobs.values()],
        "jobs_expired": account.jobs_expired,
        "jobs_in_flight": account.in_flight,
        "max_jobs_in_flight": account.max_jobs_in_flight,
        "identities": [_identity(account, identity, now) for identity in account.identities.values()],
        "slots_used": len(account.visible_identities()),
        "promotions": list(account.promotions),
        "credits": {
            "balance": account.credits,
            "in_progress": account.reserved,
            "charged": account.charged,
            "charged_total": sum(account.charged.values()),
            "charges": list(account.charges),
        },
        "requests": account.requests,
        "most_requests_in_60_s": {
            endpoint: {"accepted": window.accepted.most, "all": window.every.most}
            for endpoint, window in account.windows.items()
        },
        "open_streams": world.hub.count(account.name),
        "pending_notifications": [event.public() for event in account.notifications.values()],
        "deliveries": list(account.deliveries),
        "violations": asdict(account.violations),
    }


def _job(job: Job, now: float) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "job_type": job.job_type,
        "name": job.name,
        "status": job.status(now),
        "states": job.states(now),
        "seconds": round(job.seconds, 3),
        "instructions": len(job.request.get("instructions", [])),
        "variations": len(job.drafts),
        "fingerprint": job.fingerprint,
        "identity_code": job.identity_code,
        "credits_used": job.credits_used,
        "drafts": [
            {
                "image_result_id": draft.image_result_id,
                "image_index": draft.image_index,
                "group_index": draft.group_index,
                "version": draft.version,
                "status": job.draft_status(draft, now),
                "faces": draft.faces,
                "identity_code": draft.promoted_as,
            }
            for draft in job.drafts
        ],
    }


def _identity(account: Account, identity: Identity, now: float) -> dict[str, Any]:
    return {
        "identity_code": identity.identity_code,
        "name": identity.name,
        "preprocessing_status": account.preprocessing_status(identity, now),
        "preprocessing_job_id": identity.preprocessing_job_id,
        "image_result_id": identity.image_result_id,
        "hidden": identity.hidden,
        "created": round(identity.created, 3),
    }
