"""Lists the files of a folder that hold briefs, or are photos, and tells what it passes over."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.reading.formats import ENDINGS, PHOTOS, by_name, is_photo

#: Names of one kind that are shown; the others are counted.
_SHOWN = 3


@dataclass(frozen=True)
class Skipped:
    """The files of a folder that were not read, all for one reason."""

    folder: str
    why: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        more = len(self.names) - _SHOWN
        named = ", ".join(self.names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return f"{self.folder}: not read: {named} ({self.why})"


HIDDEN = "hidden"
FOLDER = "a folder; --recursive reads it"
LINKED_FOLDER = "a link to a folder"
SPECIAL = "no regular file"
OTHER = f"does not end in {', '.join((*ENDINGS, *PHOTOS))}"
PHOTO = "a photo beside files of briefs: name it, or a folder of photos alone, to make a brief of each"


def files_in(folder: Path, *, recursive: bool) -> Iterator[Path | Skipped]:
    """Yield a folder's files of briefs by name, then what is passed over; `recursive`: also of its folders.

    Photos are yielded where there is no file of briefs: beside such a file they may be what its briefs name.
    A link that leads nowhere is yielded as a file: who put it there meant one. Raises OSError for a folder
    that can't be listed.
    """
    found = list(_listed(folder, recursive=recursive))
    photos = [each for each in found if isinstance(each, Path) and is_photo(each.name)]
    briefs = [each for each in found if isinstance(each, Path) and not is_photo(each.name)]
    yield from briefs or photos
    yield from (each for each in found if isinstance(each, Skipped))
    if briefs and photos:
        yield Skipped(str(folder), PHOTO, tuple(str(each.relative_to(folder)) for each in photos))


def _listed(folder: Path, *, recursive: bool) -> Iterator[Path | Skipped]:
    skipped: dict[str, list[str]] = {}
    folders = []
    for path in sorted(folder.iterdir()):
        why = _why_not(path, recursive=recursive)
        if why is not None:
            skipped.setdefault(why, []).append(path.name)
        elif path.is_dir():
            folders.append(path)
        else:
            yield path
    yield from (Skipped(str(folder), why, tuple(names)) for why, names in skipped.items())
    for path in folders:
        yield from _within(path)


def _within(folder: Path) -> Iterator[Path | Skipped]:
    """Yield the files of a subfolder; one that can't be listed must not hide the others."""
    try:
        yield from _listed(folder, recursive=True)
    except OSError:
        # It is read like a file, and so fails with its reason.
        yield folder


def _why_not(path: Path, *, recursive: bool) -> str | None:
    """Return why an entry is passed over, None when it is read."""
    if path.name.startswith("."):
        # `.DS_Store`, and the `._name` that macOS writes beside each file on other systems' disks.
        return HIDDEN
    if path.is_dir():
        if not recursive:
            return FOLDER
        # Not followed: links may go round in circles.
        return LINKED_FOLDER if path.is_symlink() else None
    if by_name(path.name) is None and not is_photo(path.name):
        return OTHER
    # A pipe would wait for a writer.
    return None if path.is_file() or not path.exists() else SPECIAL
