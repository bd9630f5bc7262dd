"""Uploaded files of an account."""

import mimetypes
import uuid

from sandbox.account.account import Account, Upload
from sandbox.common.errors import ApiError, Fault, invalid

#: The formats that the vendor's clients send.
CONTENT_TYPES = ("image/jpeg", "image/png", "image/webp")
#: The oldest files are forgotten, so that memory stays bounded.
FILES_KEPT = 100


def announce(account: Account, filename: str | None, expires: float) -> Upload:
    """Reserve a file id; without a filename a random one is used (reference, section 2.1). Raises 400."""
    file_id = str(uuid.uuid4())
    filename = filename or f"{file_id}.jpg"
    content_type = mimetypes.guess_type(filename)[0]
    if content_type not in CONTENT_TYPES:
        raise invalid([Fault("filename", "Must end in .jpg, .jpeg, .png or .webp.")])
    return _keep(account, Upload(file_id, filename, content_type, expires))


def store(account: Account, filename: str, content_type: str, content: bytes) -> Upload:
    """Keep a file that came with its request."""
    return _keep(account, Upload(str(uuid.uuid4()), filename, content_type, 0.0, content))


def _keep(account: Account, upload: Upload) -> Upload:
    account.uploads[upload.file_id] = upload
    while len(account.uploads) > FILES_KEPT:
        del account.uploads[next(iter(account.uploads))]
    return upload


def content_of(account: Account, file_id: str) -> bytes:
    """The bytes of an uploaded file; raises 404 for an unknown one and 400 for one never put."""
    upload = account.uploads.get(file_id)
    if upload is None:
        raise ApiError(404, "File not found.")
    if upload.content is None:
        raise ApiError(400, "The file was announced but never uploaded.")
    return upload.content
