"""Names the identities of a brief that shows a photo and gives no name.

It is the name that the API suggested for the photo, else that of the photo's file. Either is only the job's
name, which the API numbers where it is taken: `on_name_taken` is about a name that somebody asked for.
"""

import unicodedata
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from worker.briefs.names import MAX_NAME, is_url


def clean(name: str) -> str | None:
    """Return a name on one line and cut to the length that a brief may hold; None when nothing is left."""
    kept = "".join(character if unicodedata.category(character)[0] not in "CZ" else " " for character in name)
    return " ".join(kept.split())[:MAX_NAME].rstrip() or None


def job_name(suggested: str | None, photo: str | None) -> str | None:
    """Return a job's name for a brief without one, None when there is nothing to make it from."""
    return clean(suggested or "") or clean(_stem(photo or ""))


def _stem(source: str) -> str:
    path = unquote(urlsplit(source).path) if is_url(source) else source
    return PurePosixPath(path.rpartition("/")[2]).stem
