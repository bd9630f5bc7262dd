"""Checks an exported picture and the `metadata.json` beside it against each other."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from config.errors import IdentityWorkerError
from worker.marking.copies import copy_path
from worker.marking.index_rows import INDEX, name_in_index, row_of
from worker.marking.reading import MadeFrom, Mark, Marks, made_from, read_marks
from worker.piktid.pictures import MAX_PICTURE_BYTES, recognize

RECEIPT = "metadata.json"
#: What a receipt calls the marked copy of its picture: `file`, `sha256` and `size` of it.
MARKED = "marked"
#: Largest receipt that is read, in bytes.
_MOST_BYTES = 16 * 1024 * 1024


class ReceiptError(IdentityWorkerError):
    """Raised when there is nothing to check: a file is not there, or is none of an export."""


class Verified(NamedTuple):
    """What was found of one picture."""

    picture: Path
    brief_id: str
    faults: tuple[str, ...]
    """In words, what does not fit; none: all does."""
    marks: Marks


class Exported(NamedTuple):
    """An exported picture and its receipt."""

    picture: Path
    receipt: Mapping[str, Any]
    receipt_file: Path

    @property
    def brief_id(self) -> str:
        """The brief that the receipt names."""
        return str(self.receipt["brief_id"])

    @property
    def copy(self) -> Path:
        """Where its marked copy lies, if there is one."""
        return Path(copy_path(str(self.picture)))

    @property
    def said_of_copy(self) -> Mapping[str, Any] | None:
        """What the receipt says of the marked copy, None where it says nothing."""
        said = self.receipt.get(MARKED)
        return said if isinstance(said, dict) else None


def exported(file: Path) -> Exported:
    """Return the picture of a `metadata.json`, or of a picture or marked copy beside one.

    Raises ReceiptError where that tells of another picture.
    """
    receipt_file = file if file.name == RECEIPT else file.with_name(RECEIPT)
    receipt = _receipt(receipt_file)
    name, folder = receipt.get("picture"), receipt_file.parent
    if not isinstance(name, str) or not name or "\0" in name:
        raise ReceiptError(f"{receipt_file}: names no picture")
    # A draft that became an identity may lie in its brief's folder, beside this one.
    path = (folder / name).resolve()
    if folder.resolve().parent not in path.parents:
        raise ReceiptError(f"{receipt_file}: its picture {name[:100]!r} lies outside of its batch")
    found = Exported(path, receipt, receipt_file)
    if file.name != RECEIPT and file.resolve() not in (found.picture, found.copy):
        raise ReceiptError(f"{file}: {receipt_file} tells of {path.name}, not of this file")
    return found


def verify(file: Path) -> list[Verified]:
    """Return what is found of a picture or of its marked copy; of a `metadata.json`, of both.

    A picture that no `metadata.json` beside it tells of, as a draft, is held against its row of the index.
    Raises ReceiptError.
    """
    try:
        found = exported(file)
    except ReceiptError:
        if file.name == RECEIPT or (row := row_of(file)) is None:
            raise
        return [_verified_by_row(file, row)]
    if file.name != RECEIPT:
        return [_verified(file.resolve(), found)]
    has_copy = found.said_of_copy is not None or found.copy.exists()
    return [_verified(path, found) for path in [found.picture, *[found.copy] * has_copy]]


def content_of(picture: Path) -> bytes:
    """Return a picture's whole file; raises ReceiptError."""
    return _read(picture, MAX_PICTURE_BYTES)


def _receipt(file: Path) -> dict[str, Any]:
    try:
        receipt = json.loads(_read(file, _MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise ReceiptError(f"{file}: no JSON: {str(error)[:100]}") from error
    if not isinstance(receipt, dict) or not isinstance(receipt.get("brief_id"), str):
        raise ReceiptError(f"{file}: not the metadata.json of an export: it names no brief")
    return receipt


def _verified_by_row(path: Path, row: Mapping[str, Any]) -> Verified:
    content = content_of(path)
    marks, brief_id = read_marks(content), str(row["brief_id"])
    faults = [*_ending_faults(path, content)]
    if row["file"] == name_in_index(path):
        faults += [*_byte_faults(content, row, INDEX), *_mark_faults(marks, row, INDEX)]
    else:
        said = {"sha256": row.get("marked_sha256"), "size": row.get("marked_size")}
        faults += [*_byte_faults(content, said, INDEX)]
        faults += _copy_faults(content, marks, MadeFrom(brief_id, str(row["sha256"])), INDEX)
    return Verified(path, brief_id, tuple(faults), marks)


def _verified(path: Path, found: Exported) -> Verified:
    content = content_of(path)
    marks = read_marks(content)
    if path == found.copy:
        of = MadeFrom(found.brief_id, str(found.receipt.get("sha256")))
        faults = [*_ending_faults(path, content), *_copy_faults(content, marks, of)]
        if found.said_of_copy is not None:
            faults += _byte_faults(content, found.said_of_copy)
    else:
        faults = [*_ending_faults(path, content), *_byte_faults(content, found.receipt)]
        faults += _own_faults(marks, found.receipt)
    return Verified(path, found.brief_id, tuple(faults), marks)


def _ending_faults(path: Path, content: bytes) -> Iterator[str]:
    kind = recognize(content)
    if kind is None:
        yield "it is no JPEG, PNG or WebP picture"
    elif path.suffix != kind.suffix:
        yield f"it is called {path.suffix} and is {kind.suffix}"


def _byte_faults(content: bytes, told: Mapping[str, Any], by: str = RECEIPT) -> Iterator[str]:
    if told.get("size") != len(content):
        yield f"it has {len(content)} bytes, and {by} says {told.get('size')!r:.40}"
    digest = hashlib.sha256(content).hexdigest()
    if told.get("sha256") != digest:
        yield f"its SHA-256 is {digest}, and {by} says {told.get('sha256')!r:.70}"


def _own_faults(marks: Marks, receipt: Mapping[str, Any]) -> Iterator[str]:
    drafts, choice = receipt.get("drafts"), receipt.get("choice")
    listed = drafts if isinstance(drafts, list) else []
    ids = [each.get("image_result_id") for each in listed if isinstance(each, dict)]
    chosen = choice.get("image_result_id") if isinstance(choice, dict) else None
    if chosen is None or chosen not in ids:
        yield f"its draft {chosen!r:.40} is none of those that {RECEIPT} lists"
    yield from _mark_faults(marks, receipt)


def _mark_faults(marks: Marks, told: Mapping[str, Any], by: str = RECEIPT) -> Iterator[str]:
    said = told.get("marks")
    for name, now in (("c2pa", marks.c2pa), ("iptc", marks.iptc)):
        # The machine that wrote it may have lacked the extra, so a valid mark was only seen to be there.
        was = said.get(name) if isinstance(said, dict) else None
        if was is not None and (was == Mark.ABSENT) != (now is Mark.ABSENT):
            yield f"its {name} mark is {now}, and {by} says {was!r:.40}"


def _copy_faults(content: bytes, marks: Marks, of: MadeFrom, by: str = RECEIPT) -> Iterator[str]:
    if marks.c2pa is not Mark.VALID:
        yield f"its C2PA manifest is {marks.c2pa}: {marks.c2pa_note or 'there is none'}"
    elif (named := made_from(content)) != of:
        yield f"its C2PA manifest names {named!r:.300}, and {by} {of!r:.300}"
    if marks.iptc is Mark.ABSENT:
        yield "it does not say what kind of source it has"


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ReceiptError(f"{path}: {error.strerror or error}") from error
    if len(content) > most:
        raise ReceiptError(f"{path}: larger than {most} bytes")
    return content
