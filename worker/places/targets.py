"""Where files are written to: a folder of this machine, or a bucket (`worker/places/buckets.py`).

A file is seen whole or not at all: in a folder it is written aside and renamed, a bucket's put is atomic.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from worker.places.aside import is_aside, remove_abandoned, written_aside
from worker.places.scratch import NO_ROOM
from worker.places.target import Target, TargetError, There, copied

#: What URLs of buckets begin with.
SCHEMES = ("s3://", "gs://", "az://")
#: Bytes of a file that are copied at once.
_PART = 1024 * 1024
#: What to do about what a system says of a file.
_REMEDIES = {
    **dict.fromkeys(NO_ROOM, "make room, or name another place"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "it must be writable by whoever runs this"),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "a file lies there: name a folder"),
    errno.EISDIR: "a folder lies where a file is needed: move it away",
    errno.ENAMETOOLONG: "name a place with a shorter path",
}


def open_target(place: str) -> Target:
    """Return the target that a person has named: a folder's path or a bucket's URL; raises TargetError."""
    if not place.strip() or "\0" in place:
        raise TargetError("must be a folder, or the URL of a bucket: " + ", ".join(SCHEMES))
    if place.startswith(SCHEMES):
        from worker.places.buckets import Bucket

        return Bucket(place)
    if "://" in place:
        scheme = place.partition("://")[0]
        raise TargetError(f"{scheme}:// is not known; a bucket's URL begins with {', '.join(SCHEMES)}")
    return Folder(Path(place))


class Folder:
    """A folder of this machine; made when something is written to it."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    @property
    def name(self) -> str:
        """Return the folder's absolute path."""
        return str(self._root)

    def files(self, prefix: str) -> Iterator[There]:
        """Yield the files below a folder, and remove what killed processes have left half written."""
        top = self._root / prefix
        try:
            for path in map(Path, _walk(top)):
                if is_aside(path):
                    remove_abandoned(path)
                elif (size := _size(path)) is not None:
                    yield There(path.relative_to(self._root).as_posix(), size)
        except OSError as error:
            raise _told(error, top) from error

    def read(self, path: str) -> bytes | None:
        """Return a file, None where there is none."""
        try:
            return (self._root / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _told(error, self._root / path) from error

    def copy(self, path: str, to: BinaryIO) -> bool:
        """Copy a file into another; return whether it is there."""
        return copied(self._parts(path), to)

    def _parts(self, path: str) -> Iterator[bytes]:
        try:
            with (self._root / path).open("rb") as file:
                yield b""  # it is there, empty or not
                while part := file.read(_PART):
                    yield part
        except FileNotFoundError:
            return
        except OSError as error:
            raise _told(error, self._root / path) from error

    def folders(self) -> list[str]:
        """Return the names of the folders at the top."""
        try:
            return sorted(each.name for each in self._root.iterdir() if each.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _told(error, self._root) from error

    def write(self, path: str, content: bytes | BinaryIO) -> None:
        """Write a file aside and rename it; nothing is left of one that can't be written."""
        goal = self._root / path
        try:
            goal.parent.mkdir(parents=True, exist_ok=True)
            with written_aside(goal) as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    shutil.copyfileobj(content, file)
        except OSError as error:
            raise _told(error, goal) from error


def _walk(top: str | Path) -> Iterator[str]:
    """Yield the paths of the files below a folder, one by one: `os.walk` lists each folder, however large."""
    try:
        found = os.scandir(top)
    except FileNotFoundError:
        return  # removed meanwhile
    with found:
        for each in found:
            if not each.is_dir():
                yield each.path
            elif not each.is_symlink():
                yield from _walk(each.path)


def _size(path: Path) -> int | None:
    """Return a file's size, None of one that is there no more."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _told(error: OSError, place: Path) -> TargetError:
    where = Path(os.fsdecode(error.filename or place))
    remedy = _REMEDIES.get(error.errno or 0)
    told = f"{place if is_aside(where) else where}: {error.strerror or error}"
    return TargetError(f"{told}; {remedy}" if remedy else told)
