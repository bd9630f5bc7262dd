"""Lists the photos of places that a person named, under the installation's folder of reference images."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.reading.folders import FOLDER, HIDDEN, LINKED_FOLDER, Skipped
from cli.reading.formats import PHOTOS, is_photo
from config.errors import IdentityWorkerError
from config.settings import Settings

DANGLING = "a link that leads nowhere"
OTHER = f"does not end in {', '.join(PHOTOS)}"


class PlaceError(IdentityWorkerError, ValueError):
    """Raised for a place of which no photo can be taken; says why, and what to do."""


#: What is said of an empty name, which Python takes for the current folder.
NO_NAME = "must be the name of a file or folder; a variable of the shell that is not set is empty"


@dataclass(frozen=True)
class Photo:
    """A photo, as it was found and as briefs name it."""

    path: Path
    within: Path
    """Its path within the folder that was named; its name where it was named itself."""
    source: str
    """Its path under the folder of reference images."""


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a photo's bytes, by which it is the same under any name. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class PhotoPlaces:
    """The photos of files and folders that a person named."""

    def __init__(self, settings: Settings, *, recursive: bool = False) -> None:
        if settings.reference_dir is None or not settings.reference_dir.is_dir():
            raise PlaceError(
                "workers read photos from a folder: set IDENTITY_WORKER_REFERENCE_DIR to it, here and there"
            )
        self._root = settings.reference_dir.resolve()
        self._recursive = recursive
        self.skipped: list[Skipped] = []
        """What was passed over, once the photos were listed."""

    def photos(self, places: Sequence[str]) -> list[Photo]:
        """Return the photos, each once, those of a folder by name. Raises PlaceError."""
        found: dict[Path, Photo] = {}
        if "" in places:
            # As a path it would be the current folder, whose photos nobody has named.
            raise PlaceError(f"'': {NO_NAME}")
        for place in map(Path, places):
            try:
                photos = (
                    list(self._in_folder(place, place)) if place.is_dir() else [self._photo(place, place)]
                )
            except OSError as error:
                raise PlaceError(f"{place}: {error.strerror}") from error
            if not photos:
                raise PlaceError(f"{place}: no photo in it ends in {', '.join(PHOTOS)}")
            for photo in photos:
                found.setdefault(photo.path, photo)
        return list(found.values())

    def _in_folder(self, folder: Path, named: Path) -> Iterator[Photo]:
        skipped: dict[str, list[str]] = {}
        for path in sorted(folder.iterdir()):
            why = self._why_not(path)
            if why is not None:
                skipped.setdefault(why, []).append(path.name)
            elif path.is_dir():
                yield from self._in_folder(path, named)
            else:
                yield self._photo(path, named)
        self.skipped += [Skipped(str(folder), why, tuple(names)) for why, names in skipped.items()]

    def _why_not(self, path: Path) -> str | None:
        if path.name.startswith("."):
            return HIDDEN
        if not path.exists():
            return DANGLING
        if path.is_dir():
            # Not followed: links may go round in circles.
            return (LINKED_FOLDER if path.is_symlink() else None) if self._recursive else FOLDER
        return None if is_photo(path.name) else OTHER

    def _photo(self, path: Path, named: Path) -> Photo:
        try:
            real = path.resolve(strict=True)
        except RuntimeError as error:  # links that go round in circles
            raise PlaceError(f"{path}: is a link to itself") from error
        if not real.is_relative_to(self._root):
            raise PlaceError(
                f"{path}: workers read photos under {self._root} alone (IDENTITY_WORKER_REFERENCE_DIR): "
                "move it there, or set that to its folder"
            )
        within = Path(path.name) if path == named else path.relative_to(named)
        return Photo(real, within, real.relative_to(self._root).as_posix())
