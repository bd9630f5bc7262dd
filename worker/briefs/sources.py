"""Where a brief's picture comes from: a path under the installation's folder, or a URL."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from worker.briefs.names import is_url

#: Longest path or URL, in characters.
MAX_SOURCE = 1000

SOURCE_RULE = (
    f"1 to {MAX_SOURCE} printable characters: a relative path under the folder of reference images, without "
    "`..` and `\\`, or an https URL without a user's name"
)


def is_plain_http(source: str) -> bool:
    """Whether it is a URL that is not encrypted."""
    return source.lower().startswith("http://")


def _check(source: str) -> str:
    if not source.isprintable() or not (_is_fetchable(source) if is_url(source) else _is_inside(source)):
        raise ValueError
    return source


def _is_inside(path: str) -> bool:
    # Whether it really stays inside is seen when it is opened; here the author is told what never can.
    return bool(path.strip()) and path[0] not in "/~" and "\\" not in path and ".." not in path.split("/")


def _is_fetchable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0  # raises for what is no port
    except ValueError:
        return False
    # http is refused with the other joint rules: an installation may allow it.
    return parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc and has_port


Source = Annotated[str, Field(max_length=MAX_SOURCE), AfterValidator(_check)]
