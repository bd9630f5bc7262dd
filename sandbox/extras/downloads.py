"""Archives of the pictures of one job or of several (reference, section 2.9)."""

import asyncio
import hashlib
import hmac
import io
import zipfile
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.account.account import Account
from sandbox.account.jobs import Draft, Job
from sandbox.account.world import World
from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.contract.images import filename
from sandbox.contract.pictures import picture
from sandbox.serving.context import account_of, base_url, json_object, world_of

MOST_IMAGES = 100


async def download(request: Request) -> JSONResponse:
    """The address of an archive of one job's finished pictures."""
    job_id = (await json_object(request)).get("job_id")
    if not isinstance(job_id, str):
        raise invalid([Fault("job_id", "Must be the id of a job.")])
    return _announce(request, [job_id])


async def download_bulk(request: Request) -> JSONResponse:
    """The address of one archive of several jobs' finished pictures."""
    job_ids = (await json_object(request)).get("job_ids")
    if not isinstance(job_ids, list) or not job_ids or not all(isinstance(each, str) for each in job_ids):
        raise invalid([Fault("job_ids", "Must be a list of ids of jobs.")])
    return _announce(request, list(dict.fromkeys(job_ids)))


async def archive(request: Request) -> Response:
    """The archive itself; open to whoever has its address, as on a content network."""
    world, query = world_of(request), request.query_params
    names, expires = query.get("jobs", ""), query.get("expires", "")
    given = query.get("signature", "")
    if not hmac.compare_digest(_sign(world, names, expires).encode(), given.encode()):
        raise ApiError(403, "The address is not valid.")
    if world.clock.now() > int(expires):
        raise ApiError(403, "The address has expired.")
    found = [
        (account, job)
        for account in world.accounts.values()
        for job_id in names.split(",")
        if (job := account.jobs.get(job_id))
    ]
    content = await asyncio.to_thread(_packed, world, found)
    return Response(content, media_type="application/zip")


def _announce(request: Request, job_ids: list[str]) -> JSONResponse:
    world, account = world_of(request), account_of(request)
    images = 0
    for job_id in job_ids:
        job = account.jobs.get(job_id)
        if job is None:
            raise ApiError(404, f"Job {job_id} not found.")
        images += len(_finished(world, job))
    if not 1 <= images <= MOST_IMAGES:
        raise ApiError(400, f"The jobs must have from 1 to {MOST_IMAGES} finished images, not {images}.")
    lifetime, names = account.settings.download_url_seconds, ",".join(job_ids)
    expires = str(int(world.clock.now() + lifetime) + 1)
    query = f"jobs={names}&expires={expires}&signature={_sign(world, names, expires)}"
    until = datetime.now(UTC) + timedelta(seconds=world.clock.real(lifetime))
    return JSONResponse(
        {"download_url": f"{base_url(request)}/cdn/archive.zip?{query}", "expires": until.isoformat()}
    )


def _finished(world: World, job: Job) -> list[Draft]:
    now = world.clock.now()
    return [draft for draft in job.latest_drafts() if job.draft_status(draft, now) == "completed"]


def _packed(world: World, jobs: list[tuple[Account, Job]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for account, job in jobs:
            for draft in _finished(world, job):
                packed.writestr(filename(job, draft), picture(world, account, job, draft))
    return file.getvalue()


def _sign(world: World, names: str, expires: str) -> str:
    text = f"archive/{names}/{expires}"
    return hmac.new(str(world.seed).encode(), text.encode(), hashlib.sha256).hexdigest()[:24]
