"""Reads the API's answers about uploaded and described pictures."""

from worker.briefs.names import GROUPS
from worker.piktid.answers import Extracted, Upload
from worker.piktid.json_values import UnreadableError, fields, identifier, number, text


def read_upload(body: object) -> Upload:
    """Read the answer of POST /upload; the URL and the file's id are needed (piktid-v2.md 2.1)."""
    found = fields(body)
    url, file_id = text(found.get("upload_url")), identifier(found.get("file_id"))
    if url is None or file_id is None:
        raise UnreadableError("it holds no upload_url and file_id")
    return Upload(url, file_id, text(found.get("content_type")))


def read_extracted(body: object) -> Extracted:
    """Read the answer of POST /preset/extract-from-image; an object `instruction_data` is needed.

    Other groups than a face's are dropped (piktid-v2.md 6.27), as are blanks (6.29); nothing may be left.
    """
    found = fields(body)
    data = found.get("instruction_data")
    if not isinstance(data, dict):
        raise UnreadableError("it holds no instruction_data")
    groups = {name: _traits(data.get(name)) for name in GROUPS}
    filled = {name: traits for name, traits in groups.items() if traits}
    return Extracted(filled, text(found.get("suggested_name")))


def _traits(group: object) -> dict[str, str | int | float]:
    given = group.items() if isinstance(group, dict) else ()
    traits = ((name, _trait(value)) for name, value in given)
    return {name: value for name, value in traits if value is not None}


def _trait(value: object) -> str | int | float | None:
    if isinstance(value, str):
        return text(value)
    return value if isinstance(value, int | float) and number(value) is not None else None
