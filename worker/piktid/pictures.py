"""Fetches the pictures of drafts from where the API stores them."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config import durations
from config.urls import is_safe
from worker.piktid.error_status import error_of
from worker.piktid.errors import OutcomeUnknownError, PictureRefusedError

if TYPE_CHECKING:
    from worker.network.pool import Pool

#: Largest picture read, in bytes: an uncompressed 4K square is 48 MB.
MAX_PICTURE_BYTES = 64 * 1024 * 1024

#: How a picture begins, its content type and its suffix.
_PICTURES = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg", ".jpg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png", ".png"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp", ".webp"),
)
#: The endings that there are.
SUFFIXES = tuple(suffix for *_, suffix in _PICTURES)


@dataclass(frozen=True, slots=True)
class Picture:
    """A draft's picture; `suffix` begins with the dot."""

    content: bytes = field(repr=False)
    content_type: str
    suffix: str


def download(pool: "Pool", url: str, *, max_bytes: int = MAX_PICTURE_BYTES) -> Picture:
    """Fetch a draft's picture from where the API stores it, without the token (piktid-v2.md 6.37).

    Raises PictureRefusedError for a URL that is neither https nor http to this machine, and for what is too
    large or no picture. On NotFoundError and ForbiddenError the link may have expired: a job's results give a
    new one.
    """
    # Slow to import, and who only recognizes a picture calls nobody.
    from worker.piktid.transport import exchange

    if not is_safe(url):
        raise PictureRefusedError("a picture's URL must be https, or http to this machine")
    waits = {**pool.timeout, "read": min(pool.timeout["read"], durations.FETCH_WAIT_SECONDS)}
    request = pool.request("GET", url, extensions={"timeout": waits})
    call = f"GET a picture from {request.url.host}"
    reply = exchange(pool, call, request, max_bytes)
    if not 200 <= reply.status < 300:
        raise error_of(call, reply)
    if len(reply.body) > max_bytes:
        raise PictureRefusedError(f"{call}: larger than {max_bytes} bytes")
    if not reply.whole:
        raise OutcomeUnknownError(f"{call}: it broke off")
    picture = recognize(reply.body)
    if picture is None:
        raise PictureRefusedError(f"{call}: it is no JPEG, PNG or WebP picture")
    return picture


def recognize(content: bytes) -> Picture | None:
    """Tell a picture by its first bytes: stores label files wrongly, and an error page can come as a 200."""
    for beginning, content_type, suffix in _PICTURES:
        if beginning.match(content):
            return Picture(content, content_type, suffix)
    return None
