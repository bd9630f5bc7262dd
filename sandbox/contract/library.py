"""GET /identity: the library, page by page (reference, section 2.7)."""

from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.account import Identity
from sandbox.contract.identities import public
from sandbox.serving.context import account_of
from sandbox.serving.paging import choice, flag, number, page_of

#: What the platform shows to everyone; they take no slot.
PLATFORM = tuple(
    Identity(
        identity_code=f"Piktid{name}",
        name=name,
        created=0.0,
        created_on="2025-01-01T00:00:00+00:00",
        updated_on="2025-01-01T00:00:00+00:00",
        preprocessing_status="completed",
        gender=gender,
    )
    for name, gender in (("Ada", "female"), ("Bruno", "male"), ("Chiara", "female"))
)
OLDEST = 200


async def list_identities(request: Request) -> JSONResponse:
    """A page of the library, with the platform's identities unless `ownership=mine` leaves them out."""
    query = request.query_params
    order = choice(query, "order", ("desc", "asc"))
    sort_by = choice(query, "sort_by", ("created_at", "name"))
    flag(query, "include_locked")  # nothing here is ever locked
    found = [item for item in _owned(request) if item["preprocessing_status"] in _statuses(query)]
    found.sort(key=lambda item: item[sort_by], reverse=order == "desc")
    return JSONResponse(page_of(query, "identities", found))


def _owned(request: Request) -> list[dict[str, Any]]:
    """The matching identities of the asked owner, as they are shown."""
    query = request.query_params
    ownership = choice(query, "ownership", ("", "mine", "shared", "default"))
    mine = account_of(request).visible_identities() if ownership in ("", "mine") else []
    platform = PLATFORM if ownership in ("", "default") else ()
    wanted = _Wanted(query)
    shown = [public(request, identity, of_platform=True) for identity in platform if wanted.matches(identity)]
    return shown + [public(request, identity) for identity in mine if wanted.matches(identity)]


def _statuses(query: QueryParams) -> tuple[str, ...]:
    known = ("pending", "processing", "completed", "failed")
    status = choice(query, "preprocessing_status", ("", *known))
    return (status,) if status else known


class _Wanted:
    """The filters by name and metadata; what has no age lies in no span of ages."""

    def __init__(self, query: QueryParams) -> None:
        self.search = query.get("search", "").lower()
        self.gender = choice(query, "gender", ("", "male", "female", "non-binary"))
        self.tag = query.get("tag")
        self.by_age = "min_age" in query or "max_age" in query
        self.youngest = number(query, "min_age", 0, OLDEST, least=0)
        self.oldest = number(query, "max_age", OLDEST, OLDEST, least=0)

    def matches(self, identity: Identity) -> bool:
        """True when every filter that was given lets it through."""
        age = -1 if identity.age is None else identity.age
        return (
            self.search in identity.name.lower()
            and self.gender in ("", identity.gender)
            and self.tag in (None, identity.tag)
            and (not self.by_age or self.youngest <= age <= self.oldest)
        )
