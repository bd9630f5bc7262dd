"""Opens what briefs are read from so that it can be read again: pipes are copied, gzip is unpacked."""

import gzip
import shutil
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import SEEK_END
from typing import IO, BinaryIO, Protocol

from cli.reading.text import TextError
from worker.places.scratch import scratch

#: Largest file that is read, in bytes, unpacked: a JSON document is held in memory.
MAX_FILE = 512 * 1024 * 1024
_GZIP = b"\x1f\x8b"
#: Bytes that are copied at once.
_PART = 1024 * 1024


class Readable(Protocol):
    """What can be read once."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to so many bytes."""


@contextmanager
def opened(raw: BinaryIO) -> Iterator[BinaryIO]:
    """Yield a stream of the unpacked bytes that stands at its beginning and can go back there.

    Raises TextError for what can't be unpacked, or is too large, and ScratchError where it finds no room.
    """
    with ExitStack() as stack:
        stream: IO[bytes] = raw if raw.seekable() else stack.enter_context(_copied(raw))
        packed = stream.read(2) == _GZIP
        stream.seek(0)
        if packed:
            stream = stack.enter_context(_copied(gzip.GzipFile(fileobj=stream)))
        if stream.seek(0, SEEK_END) > MAX_FILE:
            raise TextError(f"at most {MAX_FILE} bytes a file: split it")
        stream.seek(0)
        yield stream  # type: ignore[misc]  # temporary files are binary streams


@contextmanager
def _copied(stream: Readable) -> Iterator[IO[bytes]]:
    """Yield a temporary file of what a stream holds, up to a byte more than may be read."""
    with scratch() as copy:
        left = MAX_FILE + 1
        try:
            while left > 0 and (part := stream.read(min(_PART, left))):
                copy.write(part)
                left -= len(part)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise TextError(f"is packed by gzip, and can't be unpacked: {error}") from error
        copy.seek(0)
        yield copy


def packed_to(path: str, content: IO[bytes], target: IO[bytes]) -> None:
    """Write bytes to a file as its name says: packed by gzip where that ends in .gz."""
    if path.lower().endswith(".gz"):
        with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as packed:
            shutil.copyfileobj(content, packed)
    else:
        shutil.copyfileobj(content, target)
