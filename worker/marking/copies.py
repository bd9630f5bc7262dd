"""The marked copies of exported pictures: where each lies, whether it fits, and how it is made."""

import hashlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import NamedTuple

from worker.marking.reading import MadeFrom, Mark, made_from, read_marks
from worker.marking.signing import Marker, MarkingError
from worker.places.target import Target


class Copy(NamedTuple):
    """A marked copy that lies at a target."""

    file: str
    """Its path below the target."""
    sha256: str
    size: int
    """Bytes."""


class Copies(NamedTuple):
    """The marked copies at one target."""

    target: Target
    sizes: Callable[[str], int | None]
    """Returns the size of a file of the target, None where there is none."""
    marker: Marker | None = None
    """Without one no copy is made; those that are there are found."""

    def copy(self, picture: str, sha256: str, brief_id: str, known: Copy | None = None) -> Copy | None:
        """Return the copy of a picture, which is made unless one that fits is there; None: there is none.

        `picture` is its path and `sha256` what was stored there; `known` is what was returned for it before.
        Raises MarkingError and TargetError.
        """
        path = copy_path(picture)
        size = self.sizes(path)
        if known is not None and size is not None and known[::2] == (path, size):
            return known
        content = None if size is None else self.target.read(path)
        if content is None or not fits(content, MadeFrom(brief_id, sha256)):
            if self.marker is None:
                return None
            content = self._marked(self.marker, picture, MadeFrom(brief_id, sha256))
            self.target.write(path, content)
        return Copy(path, hashlib.sha256(content).hexdigest(), len(content))

    def _marked(self, marker: Marker, picture: str, of: MadeFrom) -> bytes:
        original = self.target.read(picture)
        if original is None or hashlib.sha256(original).hexdigest() != of.sha256:
            raise MarkingError("it is not the picture that was stored there")
        return marker.mark(original, of.brief_id)


def copy_path(picture: str) -> str:
    """Return where the marked copy of a picture lies: beside it, as `NAME.marked.jpg`."""
    path = PurePosixPath(picture)
    return str(path.with_name(f"{path.stem}.marked{path.suffix}"))


def fits(content: bytes, of: MadeFrom) -> bool:
    """Return whether a file is a valid copy of this very picture; without the extra [c2pa] none is."""
    return read_marks(content).c2pa is Mark.VALID and made_from(content) == of
