"""The library: GET and DELETE of identities (reference, section 2.7)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.account.account import Account, Identity
from sandbox.api.context import account_of, world_of
from sandbox.errors import ApiError, Fault, invalid

#: What the platform shows to everyone; they take no slot.
PLATFORM_NAMES = ("Ada", "Bruno", "Chiara")
MOST_PER_PAGE = 100


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
            "error_message": identity.error_message,
        }
    )


async def identity_detail(request: Request) -> JSONResponse:
    """One identity of the library."""
    return JSONResponse(_public(request, _visible(request)))


async def delete_identity(request: Request) -> Response:
    """Take an identity out of the library and free its slot. Its draft may be promoted anew."""
    account, identity = account_of(request), _visible(request)
    del account.identities[identity.identity_code]
    found = account.draft(identity.image_result_id or 0)
    if found is not None:
        found[1].promoted_as = None
    return Response(status_code=204)


async def list_identities(request: Request) -> JSONResponse:
    """A page of the library, with the platform's identities unless `ownership=mine` leaves them out."""
    account, query = account_of(request), request.query_params
    page = _number(query.get("page"), "page", 1, None)
    per_page = _number(query.get("per_page"), "per_page", 20, MOST_PER_PAGE)
    order = _choice(query.get("order"), "order", ("desc", "asc"))
    sort_by = _choice(query.get("sort_by"), "sort_by", ("created_at", "name"))
    ownership = _choice(query.get("ownership"), "ownership", ("", "mine", "shared", "default"))
    items = [_public(request, identity) for identity in account.visible_identities()]
    owned = {"": [*_platform(), *items], "mine": items, "shared": [], "default": _platform()}[ownership]
    search = query.get("search", "").lower()
    found = [item for item in owned if search in item["name"].lower()]
    found.sort(key=lambda item: item[sort_by], reverse=order == "desc")
    start = (page - 1) * per_page
    return JSONResponse(
        {
            "identities": found[start : start + per_page],
            "pagination": _pagination(page, per_page, len(found)),
        }
    )


def _visible(request: Request) -> Identity:
    identity = account_of(request).identities.get(request.path_params["code"])
    if identity is None or identity.hidden:
        raise ApiError(404, "Identity not found.")
    return identity


def _status(request: Request, identity: Identity) -> str:
    """`pending` and `processing` follow from the job, the end is on the identity."""
    job = account_of(request).jobs.get(identity.preprocessing_job_id or "")
    if job is None or job.finished:
        return identity.preprocessing_status
    return job.status(world_of(request).clock.now())


def _public(request: Request, identity: Identity) -> dict[str, Any]:
    account: Account = account_of(request)
    return {
        "identity_code": identity.identity_code,
        "name": identity.name,
        "preprocessing_status": _status(request, identity),
        "created_at": identity.created_on,
        "updated_at": identity.updated_on,
        "original_filename": f"{identity.identity_code}.jpg",
        "link": None,
        "visibility": "private",
        "groups": [],
        "created_by": account.username,
        "image_description": None,
        "locked": False,
        "tier": None,
    }


def _platform() -> list[dict[str, Any]]:
    return [
        {
            "identity_code": f"Piktid{name}",
            "name": name,
            "preprocessing_status": "completed",
            "created_at": "2025-01-01T00:00:00+00:00",
            "updated_at": "2025-01-01T00:00:00+00:00",
            "original_filename": f"{name.lower()}.jpg",
            "link": None,
            "visibility": "default",
            "groups": [],
            "created_by": "piktid",
            "image_description": None,
            "locked": False,
            "tier": None,
        }
        for name in PLATFORM_NAMES
    ]


def _number(text: str | None, field: str, default: int, most: int | None) -> int:
    if text is None:
        return default
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if number < 1 or (most is not None and number > most):
        limit = f"from 1 to {most}" if most else "of at least 1"
        raise invalid([Fault(field, f"Must be an integer {limit}.", "query")])
    return number


def _choice(text: str | None, field: str, choices: tuple[str, ...]) -> str:
    if text is None:
        return choices[0]
    if text not in choices or not text:
        raise invalid([Fault(field, f"Must be one of {', '.join(filter(None, choices))}.", "query")])
    return text


def _pagination(page: int, per_page: int, total: int) -> dict[str, Any]:
    pages = -(-total // per_page)
    return {
        "page": page,
        "per_page": per_page,
        "total": total,
        "pages": pages,
        "has_next": page < pages,
        "has_prev": page > 1,
    }
