"""Descriptions of photos on their way: the brief that asks for each, and the file that it is written to."""

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cli.reading.photo_places import Photo, digest_of
from cli.sending.files import Item
from worker.briefs.choices import BriefKind
from worker.places.aside import written_aside

#: Fields of `metadata` by which a file tells whose photo's description it is.
PHOTO, DIGEST = "photo", "photo_sha256"


class Found(StrEnum):
    """What became of a photo."""

    #: Its brief is written.
    WRITTEN = "written"
    #: It was written before, and may have been edited since: it is left as it is, and costs nothing.
    THERE = "there"
    #: Its description is under way.
    WAITS = "waits"
    #: Nothing came of it, or somebody must say how it goes on.
    NOT = "not"


@dataclass
class Description:
    """The description of one photo."""

    photo: Photo
    digest: str
    target: Path
    found: Found = Found.WAITS
    why: str | None = None
    """Of one that is not written: why."""

    @property
    def brief_id(self) -> str:
        """The id of the brief that asks for it: the same bytes are the same brief, under any name."""
        return f"describe-{self.digest[:32]}"

    def refuse(self, why: str) -> None:
        """Say that nothing comes of it."""
        self.found, self.why = Found.NOT, why

    def item(self) -> Item:
        """Return the brief that asks for it, as if it stood in a file."""
        value = {
            "kind": BriefKind.DESCRIPTION.value,
            "brief_id": self.brief_id,
            "reference_image": self.photo.source,
        }
        return Item(str(self.photo.path), "", value)

    def write(self, body: dict[str, Any]) -> None:
        """Write the file, whole or not at all. Raises OSError."""
        whole = body | {"metadata": {PHOTO: self.photo.source, DIGEST: self.digest}}
        with written_aside(self.target) as file:
            file.write(f"{json.dumps(whole, indent=2, ensure_ascii=False)}\n".encode())
        self.found = Found.WRITTEN


def described(photos: Sequence[Photo], folder: Path) -> list[Description]:
    """Return the description of each photo, with what is in the folder already. Raises OSError.

    A photo that can't be read is refused, and has no digest.
    """
    targets = _targets(photos, folder)
    return [_description(photo, target) for photo, target in zip(photos, targets, strict=True)]


def _description(photo: Photo, target: Path) -> Description:
    try:
        found = Description(photo, digest_of(photo.path), target)
    except OSError as error:
        return Description(photo, "", target, Found.NOT, f"can't be read: {error.strerror}")
    _look(found)
    return found


def _look(each: Description) -> None:
    """See whether a photo's file is there."""
    try:
        metadata = json.loads(each.target.read_bytes()).get("metadata") or {}
        its = metadata.get(DIGEST)
    except FileNotFoundError:
        return
    except (ValueError, AttributeError):
        its = None
    if its == each.digest:
        each.found = Found.THERE
    else:
        each.refuse(f"{each.target} is there, and is no description of this photo: move it away")


def _targets(photos: Sequence[Photo], folder: Path) -> list[Path]:
    """Return the file of each: called like its photo, with the photo's ending where two would be the same."""
    plain = [_name(photo.within.with_suffix(".json")) for photo in photos]
    often = Counter(name.casefold() for name in plain)
    names = [
        name if often[name.casefold()] == 1 else _name(Path(f"{photo.within}.json"))
        for name, photo in zip(plain, photos, strict=True)
    ]
    often = Counter(name.casefold() for name in names)
    return [
        folder / (name if often[name.casefold()] == 1 else _name(Path(f"{photo.source}.json")))
        for name, photo in zip(names, photos, strict=True)
    ]


def _name(path: Path) -> str:
    """Return a file's name in the form of Unicode that does not depend on where its photo came from."""
    return unicodedata.normalize("NFC", path.as_posix())
