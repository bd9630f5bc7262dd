"""Where a brief's picture comes from: a path under the installation's folder, or a URL."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

#: Longest path or URL, in characters.
MAX_PLACE = 1000

RULE = (
    f"1 to {MAX_PLACE} printable characters: a relative path under the folder of reference images, without "
    "`..` and `\\`, or an https URL without a user's name"
)


def is_url(place: str) -> bool:
    """Return whether a source is a URL and not a path."""
    return "://" in place


def is_plain_http(place: str) -> bool:
    """Whether it is a URL that is not encrypted."""
    return place.lower().startswith("http://")


def _check(place: str) -> str:
    if not place.isprintable() or not (_is_fetchable(place) if is_url(place) else _is_inside(place)):
        raise ValueError
    return place


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


Place = Annotated[str, Field(max_length=MAX_PLACE), AfterValidator(_check)]
