"""PATCH /identity/{code}/metadata (reference, section 2.7)."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.common.dates import today
from sandbox.common.errors import Fault, invalid
from sandbox.contract.identities import visible
from sandbox.serving.context import json_object

GENDERS = ("male", "female", "non-binary")
OLDEST = 120


async def change_metadata(request: Request) -> JSONResponse:
    """Set those of `tag`, `gender` and `age` that are given; null takes one away. Raises 404 and 400."""
    identity, body = visible(request), await json_object(request)
    tag, gender, age = (body.get(name, getattr(identity, name)) for name in ("tag", "gender", "age"))
    faults = []
    if not isinstance(tag, str | None):
        faults.append(Fault("tag", "Must be a string."))
    if gender is not None and gender not in GENDERS:
        faults.append(Fault("gender", f"Must be one of {', '.join(GENDERS)}."))
    if age is not None and not (type(age) is int and 0 <= age <= OLDEST):
        faults.append(Fault("age", f"Must be an integer from 0 to {OLDEST}."))
    if faults:
        raise invalid(faults)
    identity.tag, identity.gender, identity.age = tag, gender, age
    identity.updated_on = today()
    return JSONResponse(
        {
            "success": True,
            "message": "Metadata updated.",
            "name": identity.name,
            "image_description": identity.image_description,
        }
    )
