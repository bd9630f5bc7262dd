"""POST /upload, and the storage behind its URLs (reference, section 2.1)."""

import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.account.account import Account, Upload
from sandbox.account.storage import announce
from sandbox.account.world import World
from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.serving.context import account_of, base_url, json_object, world_of

MOST_PROJECTS = 1_000


async def upload(request: Request) -> JSONResponse:
    """Announce a file; the bytes are put to `upload_url` within its lifetime."""
    world, account, body = world_of(request), account_of(request), await json_object(request)
    filename = body.get("filename")
    if not isinstance(filename, str | None):
        raise invalid([Fault("filename", "Must be a string.")])
    project = body.get("project_name")
    if not isinstance(project, str | None):
        raise invalid([Fault("project_name", "Must be a string.")])
    announced = announce(account, filename, world.clock.now() + account.settings.upload_url_seconds)
    announced.project_id = _project(account, project) if project else None
    return JSONResponse(
        {
            "upload_url": file_url(request, announced, "PUT"),
            "download_url": file_url(request, announced),
            "file_id": announced.file_id,
            "filename": announced.filename,
            "content_type": announced.content_type,
            **({"project_id": announced.project_id} if project else {}),
        }
    )


async def put_file(request: Request) -> Response:
    """Take the bytes. Like real storage it refuses a wrong content type, an old address, and a token."""
    found = _find(request)
    if "authorization" in request.headers:
        raise ApiError(400, "The address is signed; no token may be sent to it.")
    if world_of(request).clock.now() > found.expires:
        raise ApiError(403, "The address has expired.")
    if request.headers.get("content-type") != found.content_type:
        raise ApiError(403, f"The content type must be {found.content_type}.")
    found.content = await request.body()
    return Response(status_code=200)


async def get_file(request: Request) -> Response:
    """Give the bytes back."""
    found = _find(request)
    if found.content is None:
        raise ApiError(404, "No such file.")
    return Response(found.content, media_type=found.content_type)


def _project(account: Account, name: str) -> int:
    """The number of a project, made at its first use."""
    if len(account.projects) < MOST_PROJECTS or name in account.projects:
        return account.projects.setdefault(name, len(account.projects) + 1)
    raise ApiError(400, f"At most {MOST_PROJECTS} projects may be made.")


def file_url(request: Request, file: Upload, method: str = "GET") -> str:
    """Where the bytes of a file are put or fetched, without a token."""
    signature = _sign(world_of(request), method, file)
    return f"{base_url(request)}/storage/{file.file_id}?signature={signature}"


def _find(request: Request) -> Upload:
    world, file_id = world_of(request), request.path_params["file_id"]
    uploads = (account.uploads.get(file_id) for account in world.accounts.values())
    found = next(filter(None, uploads), None)
    if found is None:
        raise ApiError(404, "No such file.")
    method = "GET" if request.method == "HEAD" else request.method
    given = request.query_params.get("signature", "")
    if not hmac.compare_digest(_sign(world, method, found).encode(), given.encode()):
        raise ApiError(403, "The address is not valid.")
    return found


def _sign(world: World, method: str, announced: Upload) -> str:
    text = f"{method}/{announced.file_id}"
    return hmac.new(str(world.seed).encode(), text.encode(), hashlib.sha256).hexdigest()[:24]
