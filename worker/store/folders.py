"""Makes folders for what must be kept, and checks that they can be written to."""

import os
import tempfile
from pathlib import Path

from config.errors import IdentityWorkerError

#: What is written on trial: a full disk lets files be made, and refuses their first byte.
_TRIAL = b"identity-worker\n"


class FolderError(IdentityWorkerError):
    """Raised when a folder can't keep anything: names it, says why, and what to set instead."""

    def __init__(self, folder: Path, error: OSError, remedy: str) -> None:
        super().__init__(f"nothing can be kept in {folder}: {error.strerror or error}; {remedy}")


def private(folder: Path, remedy: str) -> None:
    """Make a folder that only its owner can enter, and check that it can be written to.

    A folder that others can enter is closed to them, with its content. Raises FolderError, with `remedy` as
    the last part of its text.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
        _try(folder)
    except OSError as error:
        raise FolderError(folder, error, remedy) from None


def write(place: Path, text: str, *, new: bool = False) -> None:
    """Write a file that only its owner can read, whole or not at all; raises OSError.

    A `new` one takes the place of none: FileExistsError is raised where there is one. What root writes
    belongs to the owner of the folder, whose processes are to read it.
    """
    descriptor, temporary = tempfile.mkstemp(dir=place.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if os.geteuid() == 0:
                folder = place.parent.stat()
                os.fchown(descriptor, folder.st_uid, folder.st_gid)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        if new:
            place.hardlink_to(temporary)
        else:
            Path(temporary).replace(place)
    finally:
        Path(temporary).unlink(missing_ok=True)


def writable(folder: Path, remedy: str) -> None:
    """Check that a folder, or the place where it would be made, can be written to; raises FolderError."""
    try:
        _try(next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists()))
    except OSError as error:
        raise FolderError(folder, error, remedy) from None


def _try(folder: Path) -> None:
    """Write a file that has no name in the folder; raises OSError where it can't be kept."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(_TRIAL)
        file.flush()
        os.fsync(file.fileno())
