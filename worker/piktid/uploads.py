"""Uploads a file's bytes to the signed URL that the API gave for them (piktid-v2.md 2.1 and 6.38).

The URL is a right of access, to another host as a rule: it stands in no text here, and no token goes there.
"""

from collections.abc import Mapping

import httpx

from config.urls import is_safe
from worker.network.pool import Pool
from worker.piktid.error_status import error_of
from worker.piktid.errors import OutcomeUnknownError, PictureRefusedError
from worker.piktid.pictures import Picture
from worker.piktid.transport import exchange

#: Longest answer read, in bytes, and the statuses that say that these bytes will never do.
MAX_ANSWER_BYTES = 64 * 1024
_NEVER = (400, 411, 413, 415, 422)


def secured(upload_url: str, base_url: str) -> str:
    """Return an upload URL that is safe to use.

    The server has been seen to name http where it means https, so it is upgraded where the API itself is
    https. Raises PictureRefusedError when it is in clear text to another machine.
    """
    try:
        url = httpx.URL(upload_url)
    except httpx.InvalidURL as error:
        raise PictureRefusedError("the API named an upload URL that is none") from error
    if url.scheme == "http" and base_url.startswith("https://"):
        url = url.copy_with(scheme="https", port=None if url.port in (None, 80) else url.port)
    if not is_safe(str(url)):
        raise PictureRefusedError("the API named an upload URL that is not encrypted")
    return str(url)


def form(fields: Mapping[str, str], filename: str, picture: Picture) -> tuple[bytes, str]:
    """Return the multipart form of fields and the file `image`, and its content type."""
    files = {"image": (filename, picture.content, picture.content_type)}
    built = httpx.Request("POST", "https://localhost", data=dict(fields), files=files)
    return built.read(), built.headers["Content-Type"]


def put(pool: Pool, url: str, content: bytes, content_type: str) -> None:
    """PUT the bytes; raises ApiError.

    Storage answers for itself, so a 401 or 403 says nothing of the account: the URL has expired, and a new
    one will do. Only what is wrong with the bytes is raised as the API's own refusal would be.
    """
    try:
        request = pool.request("PUT", url, content=content, headers=[("Content-Type", content_type)])
    except ValueError as error:  # what no header can carry
        raise PictureRefusedError("the API named a content type that is none") from error
    call = f"PUT a file to {request.url.host}"
    reply = exchange(pool, call, request, MAX_ANSWER_BYTES)
    if 200 <= reply.status < 300:
        return
    if reply.status in _NEVER:
        raise error_of(call, reply)
    raise OutcomeUnknownError(f"{call}: answered {reply.status}")
