"""Where files are written to: a folder of this machine, or a bucket (`worker/places/buckets.py`).

A file is seen whole or not at all: in a folder it is written aside and renamed, a bucket's put is atomic.
"""

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from worker.places.target import Target, TargetError, There

#: What URLs of buckets begin with.
SCHEMES = ("s3://", "gs://", "az://")
#: How the names of files begin that are being written; a killed process leaves some.
_ASIDE = ".writing-"
#: Seconds after which nobody writes such a file any more.
_ABANDONED_SECONDS = 3_600


def open_target(place: str) -> Target:
    """Return the target that a person has named: a folder's path or a bucket's URL; raises TargetError."""
    if not place.strip():
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
        try:
            for folder, _, names in os.walk(self._root / prefix, onerror=_raise):
                for name in names:
                    path = Path(folder) / name
                    status = path.stat()
                    if not name.startswith(_ASIDE):
                        yield There(path.relative_to(self._root).as_posix(), status.st_size)
                    elif status.st_mtime < time.time() - _ABANDONED_SECONDS:
                        path.unlink(missing_ok=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _told(error, self._root) from error

    def read(self, path: str) -> bytes | None:
        """Return a file, None where there is none."""
        try:
            return (self._root / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _told(error, self._root) from error

    def copy(self, path: str, to: Path) -> bool:
        """Copy a file to another; return whether it is there."""
        try:
            shutil.copyfile(self._root / path, to)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _told(error, self._root) from error
        return True

    def folders(self) -> list[str]:
        """Return the names of the folders at the top."""
        try:
            return sorted(each.name for each in self._root.iterdir() if each.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _told(error, self._root) from error

    def write(self, path: str, content: bytes | Path) -> None:
        """Write a file aside and rename it; nothing is left of one that can't be written."""
        goal = self._root / path
        aside = goal.with_name(_ASIDE + uuid.uuid4().hex)
        try:
            goal.parent.mkdir(parents=True, exist_ok=True)
            try:
                with aside.open("xb") as file:
                    for part in _parts(content):
                        file.write(part)
                    file.flush()
                    os.fsync(file.fileno())
                aside.replace(goal)
            except BaseException:
                aside.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _told(error, self._root) from error


def _parts(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while part := file.read(1024 * 1024):
            yield part


def _raise(error: OSError) -> None:
    raise error


def _told(error: OSError, root: Path) -> TargetError:
    where = error.filename or root
    return TargetError(f"{where}: {error.strerror or error}")
