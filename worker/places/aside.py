"""Writes a file aside and renames it, so that nobody ever sees half of it; removes what killed writers left.

A process that writes such a file has it locked (`flock`), so a file that nobody has locked was left by a
killed process.
"""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from worker.places.names import digest

#: How the names of files begin that are being written.
_BEGIN = ".writing-"


@contextmanager
def written_aside(goal: Path) -> Iterator[BinaryIO]:
    """Yield an empty file that takes the place of `goal` at the end; if that fails, nothing is left of it.

    Raises OSError.
    """
    aside, file = _opened(goal)
    with file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            aside.replace(goal)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def is_aside(path: Path) -> bool:
    """Return whether a file is one that is being written, or was when its process was killed."""
    return path.name.startswith(_BEGIN)


def remove_abandoned(aside: Path) -> None:
    """Remove such a file, unless somebody is at work on it."""
    with suppress(OSError), aside.open("r+b") as file:
        if _locked(file) and _lies_at(file, aside):
            aside.unlink()


def _opened(goal: Path) -> tuple[Path, BinaryIO]:
    """Return the file that is written instead of `goal`, empty and locked, and where it lies."""
    # The same at each run, so that the next one writes over what a killed one has left.
    usual = goal.with_name(_BEGIN + digest(goal.name))
    file = usual.open("ab")
    if _locked(file) and _lies_at(file, usual):
        file.truncate(0)
        return usual, file
    file.close()
    # Another process writes the same file now, or there are no locks on this file system.
    while True:
        own = goal.with_name(_BEGIN + uuid.uuid4().hex)
        file = own.open("xb")
        _locked(file)
        if _lies_at(file, own):
            return own, file
        file.close()  # taken for abandoned before it was locked


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _lies_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
