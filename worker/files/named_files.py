"""Reads a picture that a brief names, from the installation's folder or a URL, and checks what it is."""

import errno
import os
import re
import stat
import unicodedata
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote, urlsplit

from config.settings import Settings
from worker.briefs.names import is_url
from worker.network.errors import FileRefusedError, FileUnavailableError
from worker.piktid.pictures import Picture, recognize

#: Errors of a network file system that may pass.
_PASSING = (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE)
#: Longest part of a file's own name that the API is told, in characters.
_STEM = 60
#: How many first bytes show whether a file is a picture.
_BEGINNING = 32


def read(source: str, settings: Settings, seconds: float | None = None) -> Picture:
    """Return the picture at a path, or at a URL within so many seconds.

    Raises FileRefusedError or FileUnavailableError.
    """
    limit = settings.max_upload_bytes
    if is_url(source):
        # Slow to import, and most pictures are files.
        from worker.files.fetching import fetch

        content = fetch(source, max_bytes=limit, private=settings.reference_private, seconds=seconds)
    elif settings.reference_dir is None:
        raise FileRefusedError(
            "this installation has no folder of reference images (IDENTITY_WORKER_REFERENCE_DIR)"
        )
    else:
        content = read_local(settings.reference_dir, source, max_bytes=limit)
    return _recognized(source, content)


def check_local(folder: Path, path: str, *, max_bytes: int) -> tuple[Picture, int]:
    """Return the first bytes of a picture under a folder, and its size in bytes; raise what `read` would."""
    content, size = _read_local(folder, path, max_bytes, _BEGINNING)
    return _recognized(path, content), size


def _recognized(source: str, content: bytes) -> Picture:
    picture = recognize(content)
    if picture is None:
        raise FileRefusedError(f"{name_of(source)}: it is no JPEG, PNG or WebP picture")
    return picture


def read_local(folder: Path, path: str, *, max_bytes: int) -> bytes:
    """Return a file's bytes; raises FileRefusedError, FileUnavailableError.

    It must be a regular file of at most `max_bytes` that lies under `folder`. Symbolic links are followed
    within the folder, not out of it.
    """
    return _read_local(folder, path, max_bytes, None)[0]


def _read_local(folder: Path, path: str, max_bytes: int, first: int | None) -> tuple[bytes, int]:
    """Return a file's bytes, or its `first` ones alone, and its size."""
    try:
        root = folder.resolve(strict=True)
    except OSError as error:
        raise FileUnavailableError(f"the folder of reference images: {error.strerror}") from error
    try:
        real = _as_stored(root, path).resolve(strict=True)
        if not real.is_relative_to(root):
            raise FileRefusedError(f"{path}: leads out of the folder of reference images")
        return _read_real(root, real.relative_to(root), path, max_bytes, first)
    except OSError as error:
        kind = FileUnavailableError if error.errno in _PASSING else FileRefusedError
        raise kind(f"{path}: {error.strerror}") from error
    except (ValueError, RuntimeError) as error:  # a null byte; links that go round in circles
        raise FileRefusedError(f"{path}: is no path") from error


def _as_stored(root: Path, path: str) -> Path:
    """Return a path under a folder with the names that stand there: Unicode has two forms of `é`."""
    if os.path.lexists(root / path):
        return root / path
    found = root
    for part in path.split("/"):
        if not os.path.lexists(found / part) and found.is_dir():
            plain = unicodedata.normalize("NFC", part)
            names = (each.name for each in found.iterdir())
            part = min((name for name in names if unicodedata.normalize("NFC", name) == plain), default=part)
        found /= part
    return found


def _read_real(root: Path, real: Path, shown: str, max_bytes: int, first: int | None) -> tuple[bytes, int]:
    """Open a path that has no links any more, part by part: one that was put there since is refused."""
    if not real.parts:
        raise FileRefusedError(f"{shown}: is no file")
    with ExitStack() as stack:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        stack.callback(os.close, folder)
        for part in real.parts[:-1]:
            folder = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            stack.callback(os.close, folder)
        # Not blocking: a named pipe would wait for a writer.
        descriptor = os.open(real.parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            stands = os.fstat(descriptor)
            if not stat.S_ISREG(stands.st_mode):
                raise FileRefusedError(f"{shown}: is no file")
            content = file.read(max_bytes + 1 if first is None else first)
    if max(len(content), stands.st_size) > max_bytes:
        raise FileRefusedError(f"{shown}: is larger than {max_bytes} bytes")
    return content, stands.st_size


def name_of(source: str) -> str:
    """Return the name of a picture without its folders, and of a URL without its query."""
    path = unquote(urlsplit(source).path) if is_url(source) else source
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.rpartition("/")[2]).strip("-.") or "picture"


def upload_name(source: str, picture: Picture) -> str:
    """Return the file name that the API is told: its suffix is that of the picture's true type."""
    return (Path(name_of(source)).stem[:_STEM].strip("-.") or "picture") + picture.suffix
