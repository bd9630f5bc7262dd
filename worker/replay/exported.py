"""What lies where an export or an archive is: what tells of identities, indexes, the files of drafts."""

import csv
import io
import json
import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from worker.export.index_files import CSV, JSONL, uncelled
from worker.export.pictures import METADATA, is_draft_file
from worker.export.workbook import Workbook
from worker.piktid.answers import Draft
from worker.places.scratch import scratch
from worker.places.target import Target

#: Why a file is passed over.
NOT_OURS = "is no metadata.json of an export"
NOT_DESCRIBED = "its metadata.json is not there: the same export writes it again"
NO_INDEX = "is no index of an export"
#: What is known of a picture that is not there.
NOT_THERE = "it is not there"

#: Hears which file was passed over, and why.
Passed = Callable[[str, str], None]


class BriefKey(NamedTuple):
    """Which brief a metadata.json tells of: exports of several accounts may lie at one place."""

    account: str
    brief_id: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a metadata.json tells: of an identity, and of the drafts of its brief."""

    folder: str
    picture: str
    instruction: int
    rule: str
    image_result_id: int
    drafts: tuple[Draft, ...]
    brief: dict[str, Any]
    told: Mapping[str, Any]

    @property
    def key(self) -> BriefKey:
        """Which brief's it is."""
        return BriefKey(str(self.told["account"]), str(self.told["brief_id"]))


@dataclass
class Exported:
    """A target, and what is known of what lies there."""

    target: Target
    rows: Workbook
    """Of the indexes, by the folder of each."""
    files: set[str]
    indexes: list[str] = field(default_factory=list)
    """The folders that have one."""
    drafts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The files that are called by a draft's id, by that name without its ending."""
    owners: dict[str, BriefKey] = field(default_factory=dict)
    """The brief of each folder that has a metadata.json."""
    described: dict[BriefKey, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The files of each brief's identities."""

    def indexed(self, brief_id: str, image_result_id: int) -> tuple[str | None, str]:
        """Return where an index says that a draft lies, None where it has none; and what it says instead."""
        why = NOT_THERE
        for folder in self.indexes:
            for row in self.rows.of_brief(folder, brief_id).values():
                if str(row.get("image_result_id")) != str(image_result_id):
                    continue
                if not row.get("file"):
                    why = str(row.get("error") or NOT_THERE)
                elif (path := _path(folder, row)) in self.files:
                    return path, ""
        return None, why


def look(place: Exported, passed: Passed) -> None:
    """Find out what lies where.

    Of the metadata.json nothing is kept: all together may not fit into memory.
    """
    made: set[tuple[str, str]] = set()
    for path in sorted(place.files):
        folder, name = posixpath.split(path)
        if is_draft_file(path):
            place.drafts[posixpath.splitext(name)[0]].append(path)
        elif name == METADATA:
            if (found := read(place.target, path)) is None:
                passed(path, NOT_OURS)
                continue
            place.described[found.key].append(path)
            place.owners[folder] = found.key
            made.add((found.key.brief_id, str(found.image_result_id)))
        elif name in (JSONL, CSV) and not (name == CSV and posixpath.join(folder, JSONL) in place.files):
            _read_index(place, path, passed)
    for folder in place.indexes:
        for row in place.rows.rows(folder):
            is_told = (row["brief_id"], str(row.get("image_result_id"))) in made
            if row.get("picture") == "identity" and row.get("file") and not is_told:
                passed(_path(folder, row), NOT_DESCRIBED)


def _path(folder: str, row: Mapping[str, Any]) -> str:
    return posixpath.normpath(posixpath.join(folder, str(row["file"])))


def _read_index(place: Exported, path: str, passed: Passed) -> None:
    folder, name = posixpath.split(path)
    with scratch() as file:
        if not place.target.copy(path, file):
            return
        file.seek(0)
        text = io.TextIOWrapper(file, "utf-8-sig", "replace", newline="")
        rows = _lines(text) if name == JSONL else _cells(text)
        try:
            for number, row in enumerate(rows):
                place.rows.put(folder, str(number), {"accepted_at": None} | row)
        except (ValueError, TypeError, LookupError, RecursionError, csv.Error):
            passed(path, NO_INDEX)
    place.indexes.append(folder)


def _lines(text: io.TextIOWrapper) -> Iterator[dict[str, Any]]:
    for line in filter(str.strip, text):
        row = dict(json.loads(line))
        yield row | {"brief_id": str(row["brief_id"])}


def _cells(text: io.TextIOWrapper) -> Iterator[dict[str, Any]]:
    for row in csv.DictReader(text):
        yield row | {"brief_id": uncelled(row["brief_id"])}


def read(target: Target, path: str) -> Identity | None:
    """Return what a metadata.json tells, None where it is none of an export's."""
    try:
        told_of = json.loads(target.read(path) or b"")
        choice, brief = told_of["choice"], dict(told_of["brief"] or {})
        drafts = tuple(
            Draft(
                int(each["image_result_id"]),
                None,
                str(each["status"]),
                image_index=int(each["image_index"]),
                group_index=int(each["group_index"]),
            )
            for each in told_of["drafts"]
            if each["image_result_id"] is not None
        )
        return Identity(
            posixpath.dirname(path),
            str(told_of["picture"]),
            int(choice["instruction"]),
            str(choice["rule"]),
            int(choice["image_result_id"]),
            drafts,
            brief | {"instructions": [dict(each) for each in brief.get("instructions") or [{}]]},
            {name: told_of[name] for name in ("brief_id", "account", "batch", "name", "metadata")},
        )
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
