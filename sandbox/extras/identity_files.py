"""Identities from photos: POST /identity/upload and /identity/{code}/pov (reference, section 2.7)."""

import asyncio
import io

from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.library import free_name, named, require_slot
from sandbox.account.storage import store
from sandbox.common.errors import ApiError
from sandbox.contract.identities import public, visible
from sandbox.contract.uploads import file_url
from sandbox.extras.multipart import form
from sandbox.jobs.others import add_identity
from sandbox.pictures.reference import NotAPictureError, opened
from sandbox.serving.context import account_of, world_of
from sandbox.serving.paging import number

#: Another view of an identity is brought to this many pixels, each way.
POV_SIDE = 1024
MOST_POVS = 100
#: What the answer to an upload tells of the new identity.
UPLOADED = (
    "identity_code", "name", "link", "created_at", "original_filename", "visibility", "groups", "created_by",
    "image_description",
)  # fmt: skip


async def upload_identity(request: Request) -> JSONResponse:
    """Put a photo into the library as an identity, which takes a slot. Raises 400, 409 and 429."""
    world, account, sent = world_of(request), account_of(request), await form(request)
    filename, content = sent.image()
    picture = await asyncio.to_thread(_picture, content)
    name = sent.fields.get("name", "").strip()
    existing = named(account, name)
    if existing is not None:
        code = existing.identity_code
        raise ApiError(409, f"An identity named '{name}' exists.", {"existing_identity_code": code})
    require_slot(account)
    file = store(account, filename, "image/jpeg", _jpeg(picture))
    chosen = name or free_name(account, filename.rpartition(".")[0] or "Identity")
    identity = add_identity(world, account, chosen)
    identity.file_id, identity.original_filename = file.file_id, filename
    identity.tag = sent.fields.get("tag") or None
    shown = public(request, identity)
    return JSONResponse(
        {
            "success": True,
            "face_detected": True,
            # Where the one face that is taken for granted is: in all of the picture.
            "face_metadata": {"faces": 1, "bbox": [0, 0, picture.width, picture.height]},
            **{name: shown[name] for name in UPLOADED},
        },
        status_code=201,
    )


async def add_pov(request: Request) -> JSONResponse:
    """Add another view of an identity, free of charge; the same index again replaces it."""
    account, identity, sent = account_of(request), visible(request), await form(request)
    index = number(sent.fields, "pov_index", 0, MOST_POVS, least=0)
    filename, content = sent.image()
    picture = await asyncio.to_thread(_picture, content)
    file = store(account, filename, "image/jpeg", _jpeg(picture.resize((POV_SIDE, POV_SIDE))))
    identity.povs[index] = file.file_id
    link = file_url(request, file)
    return JSONResponse(
        {
            "success": True,
            "pov_index": index,
            "processed_images": [{"original_filename": filename, "link": link, "thumbnail_link": link}],
            "processed_count": 1,
        }
    )


def _picture(content: bytes) -> Image.Image:
    """The photo; raises 400. That it shows one face is taken for granted: none is looked for."""
    try:
        return opened(content)
    except NotAPictureError as error:
        raise ApiError(400, str(error)) from None


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG")
    return file.getvalue()
