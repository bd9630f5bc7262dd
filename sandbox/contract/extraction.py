"""POST /preset/extract-from-image and /preset/extract-from-text (reference, section 2.2)."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account import billing
from sandbox.account.storage import content_of
from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.pictures.from_text import describe_text
from sandbox.pictures.reference import NotAPictureError, describe
from sandbox.serving.context import account_of, json_object, world_of

LONGEST_TEXT = 5_000
TYPES = ("flat_2_model", "model_swap", "identity_creation")


async def extract_from_image(request: Request) -> JSONResponse:
    """Describe an uploaded picture as the attributes of an instruction; charged apart from the job."""
    account, body = account_of(request), await json_object(request)
    file_id, kind = body.get("file_id"), body.get("type", TYPES[0])
    if not isinstance(file_id, str):
        raise invalid([Fault("file_id", "Must be the id of an uploaded file.")])
    if kind not in TYPES:
        raise invalid([Fault("type", f"Must be one of {', '.join(TYPES)}.")])
    content = content_of(account, file_id)
    billing.require(account, account.settings.price_extraction)
    try:
        description = await asyncio.to_thread(describe, content)
    except NotAPictureError as error:
        raise ApiError(400, str(error)) from None
    billing.charge(account, account.settings.price_extraction, "extraction", world_of(request).clock.now())
    if kind != "identity_creation":
        # The other types describe clothes, which stay undescribed here.
        return _answer(file_id, {"outfit": {}}, None, None)
    return _answer(file_id, description.groups, description.name, description.text)


async def extract_from_text(request: Request) -> JSONResponse:
    """Describe a person in words as the attributes of an instruction; charged like a picture."""
    account, text = account_of(request), (await json_object(request)).get("text")
    if not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST_TEXT:
        raise invalid([Fault("text", f"Must be a text of 1 to {LONGEST_TEXT} characters.")])
    billing.require(account, account.settings.price_extraction)
    groups = describe_text(text)
    billing.charge(account, account.settings.price_extraction, "extraction", world_of(request).clock.now())
    return _answer(None, groups, None, text.strip())


def _answer(file_id: str | None, groups: dict[str, Any], name: str | None, text: str | None) -> JSONResponse:
    return JSONResponse(
        {
            "instruction_data": groups,
            "suggested_name": name,
            "suggested_description": text,
            "file_id": file_id,
        }
    )
