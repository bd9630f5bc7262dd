"""GET of a draft's picture: stands for the content network, so it knows no tokens."""

import asyncio
import functools
import hmac
import json

from starlette.requests import Request
from starlette.responses import Response

from sandbox.account.account import Account
from sandbox.account.jobs import Draft, Job
from sandbox.account.world import World
from sandbox.common.errors import ApiError
from sandbox.pictures.draw import MEDIA_TYPES, draw
from sandbox.pictures.urls import sign
from sandbox.serving.context import world_of

#: Encoded pictures that are kept; each takes up to a few MB.
CACHED_PICTURES = 32


async def draft_picture(request: Request) -> Response:
    """The picture of a finished draft. 404 for an unknown draft, 403 for a wrong or expired address."""
    world = world_of(request)
    number, _, suffix = request.path_params["file"].partition(".")
    account, job, draft = _find(world, number)
    _require_signature(request, account, draft)
    instruction = job.request["instructions"][draft.image_index]
    if (
        suffix != instruction["options"]["format"]
        or job.draft_status(draft, world.clock.now()) != "completed"
    ):
        raise ApiError(404, "No such picture.")
    # In a thread: a large picture takes a while, and the streams must go on.
    thumbnail = request.path_params["kind"] == "thumbnails"
    content = await asyncio.to_thread(picture, world, account, job, draft, thumbnail=thumbnail)
    return Response(content, media_type=MEDIA_TYPES[suffix])


def picture(world: World, account: Account, job: Job, draft: Draft, *, thumbnail: bool = False) -> bytes:
    """The file of a finished draft."""
    instruction = job.request["instructions"][draft.image_index]
    watermark = bool(job.request["options"].get("add_ai_watermark")) and account.settings.enterprise
    return _cached(json.dumps(instruction), _seed(world, job, draft), draft.group_index, watermark, thumbnail)


def _seed(world: World, job: Job, draft: Draft) -> str:
    """A version drawn anew is another picture."""
    seed = f"{world.seed}/{job.job_id}/{draft.image_index}"
    return f"{seed}/{draft.version}" if draft.version else seed


@functools.lru_cache(maxsize=CACHED_PICTURES)
def _cached(instruction: str, seed: str, variation: int, watermark: bool, thumbnail: bool) -> bytes:
    return draw(json.loads(instruction), seed, variation, watermark=watermark, thumbnail=thumbnail)


def _find(world: World, number: str) -> tuple[Account, Job, Draft]:
    for account in world.accounts.values():
        found = account.draft(int(number)) if number.isdecimal() else None
        if found is not None:
            return account, *found
    raise ApiError(404, "No such picture.")


def _require_signature(request: Request, account: Account, draft: Draft) -> None:
    world = world_of(request)
    expires = request.query_params.get("expires", "")
    if not expires.isdecimal() or len(expires) > 12:
        raise ApiError(403, "The address is not valid.")
    expected = sign(world, account, draft.image_result_id, int(expires))
    given = request.query_params.get("signature", "")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise ApiError(403, "The address is not valid.")
    if int(expires) and world.clock.now() > int(expires):
        raise ApiError(403, "The address has expired.")
