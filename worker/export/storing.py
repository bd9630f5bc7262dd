"""Stores the pictures of one brief at a target, and what its identities were made from.

A picture that lies there already is not fetched: it is known by its size and digest, or by a draft's file,
whose name is its id. So it may be run again at any time and wherever it was killed.
"""

import hashlib
import json
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.export import provenance
from worker.export.fetching import Links, PictureGoneError, PictureUnavailableError
from worker.export.pictures import METADATA, Item, Stored, is_draft_file
from worker.export.provenance import Journal
from worker.marking.copies import Copies, Copy
from worker.marking.receipts import MARKED
from worker.marking.signing import Marker, MarkingError
from worker.piktid.pictures import SUFFIXES
from worker.places.target import Target, There
from worker.views.models import BriefView, PromotionView

#: Returns the size of a file of the target, None where there is none.
Sizes = Callable[[str], int | None]
#: Says of a picture's bytes what more is to be known of it; what it returns stands in `metadata.json`.
Look = Callable[[bytes], Mapping[str, Any]]


@dataclass
class Result:
    """What has come of a brief's pictures."""

    stored: dict[int, Stored] = field(default_factory=dict)
    """By the id of the draft."""
    gone: dict[int, str] = field(default_factory=dict)
    """Why a picture can't be had any more."""
    unavailable: dict[int, str] = field(default_factory=dict)
    """Why a picture could not be had this time."""
    copies: dict[int, Copy] = field(default_factory=dict)
    """The marked copies of identities' pictures."""
    unmarked: dict[int, str] = field(default_factory=dict)
    """Why a marked copy could not be made."""
    metadata: dict[int, str] = field(default_factory=dict)
    """The digest of each identity's `metadata.json`."""
    fetched: int = 0
    """How many pictures were fetched."""
    written: list[There] = field(default_factory=list)
    """The files that were written."""


@dataclass(frozen=True)
class Store:
    """A target, and what is known of what lies there."""

    target: Target
    sizes: Sizes
    look: Look = lambda _: {}
    marker: Marker | None = None
    """By which marked copies are made; None: none is."""

    def store(self, items: Iterable[Item], known: Mapping[int, Stored], links: Links) -> Result:
        """Store the pictures of one brief that are not there yet; raises TargetError."""
        result = Result()
        for item in items:
            there = self._there(item, known.get(item.image_result_id))
            if there is None:
                there = self._fetched(item, links, result)
            if there is not None:
                result.stored[item.image_result_id] = there
        return result

    def mark(self, brief_id: str, items: Sequence[Item], result: Result, known: Mapping[int, Copy]) -> None:
        """Make the marked copies that are wanted, and find those that are there; raises TargetError."""
        copies = Copies(self.target, self.sizes, self.marker)
        for item in items:
            picture = item.image_result_id
            stored = result.stored.get(picture)
            if item.promotion is None or stored is None:
                continue
            try:
                copy = copies.copy(stored.file, stored.sha256, brief_id, known.get(picture))
            except MarkingError as error:
                result.unmarked[picture] = str(error)
                continue
            if copy is not None:
                result.copies[picture] = copy
                result.written.append(There(copy.file, copy.size))

    def describe(
        self,
        brief: BriefView,
        items: Sequence[Item],
        result: Result,
        journal: Journal,
        known: Mapping[int, str],
    ) -> None:
        """Write the `metadata.json` of each identity whose picture is stored; raises TargetError.

        `known` are the digests of those that were written before: what would say the same is not written.
        """
        for item in items:
            stored = result.stored.get(item.image_result_id)
            if item.promotion is None or stored is None:
                continue
            path = metadata_path(item, stored)
            told = self._metadata(brief, item.promotion, stored, path, journal)
            if (copy := result.copies.get(item.image_result_id)) is not None:
                told[MARKED] = copy._asdict() | {"file": _beside(path, copy.file)}
            text = provenance.text_of(told)
            said = hashlib.sha256(text).hexdigest()
            if known.get(item.image_result_id) != said or self.sizes(path) != len(text):
                self._write(path, text, result)
            result.metadata[item.image_result_id] = said

    def _metadata(
        self, brief: BriefView, promotion: PromotionView, stored: Stored, path: str, journal: Journal
    ) -> dict[str, Any]:
        told = provenance.describe(brief, promotion, brief.name, journal)
        return told | {
            "picture": _beside(path, stored.file),
            "sha256": stored.sha256,
            "size": stored.size,
            "marks": dict(stored.marks or {}),
        }

    def _there(self, item: Item, known: Stored | None) -> Stored | None:
        """Return where a picture lies already, None where it does not."""
        if known is not None and self.sizes(known.file) == known.size:
            return known
        for suffix in SUFFIXES:
            path = item.path + suffix
            if (size := self.sizes(path)) is None:
                continue
            if item.is_draft_file:
                content = self.target.read(path)
                return None if content is None else self._stored(path, content)
            if (said := self._said(item, path)) is not None and said.size == size:
                return said
        return None

    def _said(self, item: Item, path: str) -> Stored | None:
        """Return what an identity's `metadata.json` says of this picture, None where it tells of another."""
        if self.sizes(item.metadata_path) is None:
            return None
        try:
            told = json.loads(self.target.read(item.metadata_path) or b"{}")
            if told["choice"]["image_result_id"] == item.image_result_id:
                return Stored(path, str(told["sha256"]), int(told["size"]), dict(told["marks"]))
        except (ValueError, TypeError, LookupError):
            pass  # somebody else's
        return None

    def _fetched(self, item: Item, links: Links, result: Result) -> Stored | None:
        try:
            picture = links.fetch(item.image_result_id, item.url)
        except PictureGoneError as error:
            result.gone[item.image_result_id] = str(error)
            return None
        except PictureUnavailableError as error:
            result.unavailable[item.image_result_id] = str(error)
            return None
        path = item.path + picture.suffix
        self._write(path, picture.content, result)
        result.fetched += 1
        return self._stored(path, picture.content)

    def _write(self, path: str, content: bytes, result: Result) -> None:
        self.target.write(path, content)
        result.written.append(There(path, len(content)))

    def _stored(self, path: str, content: bytes) -> Stored:
        return Stored(path, hashlib.sha256(content).hexdigest(), len(content), self.look(content))


def _beside(path: str, file: str) -> str:
    """Return what one file of the target calls another."""
    return posixpath.relpath(file, posixpath.dirname(path))


def metadata_path(item: Item, stored: Stored) -> str:
    """Return where an identity's `metadata.json` lies: beside its picture, unless that is a draft's file."""
    return (
        item.metadata_path if is_draft_file(stored.file) else f"{posixpath.dirname(stored.file)}/{METADATA}"
    )
