"""One identity of the library: GET and DELETE (reference, section 2.7)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.account.account import Identity
from sandbox.common.errors import ApiError
from sandbox.contract.uploads import file_url
from sandbox.pictures.urls import picture_url
from sandbox.serving.context import account_of, base_url, world_of


async def identity_status(request: Request) -> JSONResponse:
    """How the preprocessing of an identity stands."""
    account = account_of(request)
    identity = account.identities.get(request.path_params["code"])
    if identity is None or (identity.hidden and account.settings.failed_identity_answers_404):
        raise ApiError(404, "Identity not found.")
    return JSONResponse(
        {
            "identity_code": identity.identity_code,
            "preprocessing_status": _status(request, identity),
            "preprocessing_time": _preprocessing_seconds(request, identity),
            "quality_score": None,
            "error_message": identity.error_message,
        }
    )


async def identity_detail(request: Request) -> JSONResponse:
    """One identity of the library."""
    return JSONResponse(public(request, visible(request)))


async def delete_identity(request: Request) -> Response:
    """Take an identity out of the library and free its slot. Its draft may be promoted anew."""
    account, identity = account_of(request), visible(request)
    del account.identities[identity.identity_code]
    found = account.draft(identity.image_result_id or 0)
    if found is not None:
        found[1].promoted_as = None
    return Response(status_code=204)


def visible(request: Request) -> Identity:
    """The identity of the path; raises 404 for one that the library does not show."""
    identity = account_of(request).identities.get(request.path_params["code"])
    if identity is None or identity.hidden:
        raise ApiError(404, "Identity not found.")
    return identity


def _status(request: Request, identity: Identity) -> str:
    return account_of(request).preprocessing_status(identity, world_of(request).clock.now())


def _preprocessing_seconds(request: Request, identity: Identity) -> float | None:
    job = account_of(request).jobs.get(identity.preprocessing_job_id or "")
    return round(job.seconds, 1) if job is not None and job.finished else None


def public(request: Request, identity: Identity, *, of_platform: bool = False) -> dict[str, Any]:
    """An identity as the library shows it."""
    return {
        "identity_code": identity.identity_code,
        "name": identity.name,
        "preprocessing_status": _status(request, identity),
        "created_at": identity.created_on,
        "updated_at": identity.updated_on,
        "original_filename": identity.original_filename or f"{identity.identity_code}.jpg",
        "link": _link(request, identity),
        "visibility": "default" if of_platform else "private",
        "groups": [],
        "created_by": "piktid" if of_platform else account_of(request).username,
        "image_description": identity.image_description,
        "locked": False,
        "tier": None,
    }


def _link(request: Request, identity: Identity) -> str | None:
    """Its picture: the file that was uploaded, or the draft that was promoted, as long as it is kept."""
    account = account_of(request)
    file = account.uploads.get(identity.file_id or "")
    if file is not None:
        return file_url(request, file)
    found = account.draft(identity.image_result_id or 0)
    return picture_url(world_of(request), base_url(request), account, *found) if found else None
