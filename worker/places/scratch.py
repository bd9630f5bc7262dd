"""Files of this machine that are needed for a while, in TMPDIR; what is short there is told as its fault."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile, gettempdir
from typing import BinaryIO

from worker.places.target import TargetError

#: What a system says where there is no room for a file, or none for one so large.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ScratchError(TargetError):
    """Raised when a file can't be made or written in TMPDIR."""

    def __init__(self, said: str) -> None:
        super().__init__(f"{gettempdir()}: {said}; make room, or set TMPDIR")


@contextmanager
def scratch() -> Iterator[BinaryIO]:
    """Yield an empty file for a while; it has no name, so that a killed process leaves none.

    Raises ScratchError where it can't be made, and for anything inside the block that finds no room: that is
    taken for a write to this file, since other places say themselves that they have none.
    """
    try:
        made = TemporaryFile()  # noqa: SIM115  # what it raises is told otherwise than what is raised inside
    except OSError as error:
        raise ScratchError(error.strerror or str(error)) from error
    try:
        with made as file:
            yield file
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise ScratchError(os.strerror(error.errno)) from error
