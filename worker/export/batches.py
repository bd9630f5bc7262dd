"""Prepares the folder of a batch at a target: what lies there, and which names its briefs have."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import Any, BinaryIO

import redis

from worker.export import patterns
from worker.export.arrivals import arrivals, named
from worker.export.index_files import JSONL, Rows, digest_of, write_index
from worker.export.pictures import Names, batch_folder, folder_apart
from worker.export.rows import COLUMNS
from worker.export.workbook import Row, Workbook
from worker.places.names import digest, folded
from worker.places.scratch import scratch
from worker.places.target import Target
from worker.views.models import BriefView


class Batches:
    """The batches of one export."""

    def __init__(self, client: "redis.Redis", target: Target, workbook: Workbook, pattern: str) -> None:
        self._client = client
        self._target = target
        self._workbook = workbook
        self._pattern = pattern
        self._folders: dict[str | None, str] = {}
        self._old: dict[str, str] = {}
        """The digest of the index that lies in each folder."""
        self._seen: dict[str, str] = {}
        """Up to where the briefs of each are numbered, as a cursor."""

    def folder(self, batch: str | None) -> str:
        """Return a batch's folder, prepared; raises TargetError."""
        if batch not in self._folders:
            folder = self._folders[batch] = self._free(batch)
            self._workbook.add_files(self._target.files(folder))
            self._rank(batch, folder)
        return self._folders[batch]

    def names(self, brief: BriefView, folder: str) -> Names:
        """Return the names of a brief's pictures, which no other brief of its batch has."""
        by = named(brief)
        if not self._workbook.is_ranked(brief.brief_id):
            self._rank(brief.batch, folder)  # it has come since: others may have come before it
        rank = self._workbook.rank(folder, patterns.base(self._pattern, by), brief.brief_id)

        def name(number: int) -> str:
            found = patterns.name(self._pattern, by, number, rank)
            if self._workbook.take(folder, found, brief.brief_id):
                return found
            # Another brief may have the same name by other words, as {a}{b} gives for two.
            return f"{found}~{digest(brief.brief_id)}"

        return name

    def _rank(self, batch: str | None, folder: str) -> None:
        """Number the briefs of a batch that have come since this was done before."""
        for each, cursor in arrivals(self._client, batch, self._seen.get(folder)):
            self._workbook.rank(folder, patterns.base(self._pattern, each), each.brief_id)
            self._seen[folder] = cursor

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield the rows of all batches, each with its batch's folder."""
        for folder in self._folders.values():
            yield from ((folder, row) for row in self._workbook.rows(folder))

    def write_indexes(self) -> None:
        """Write the index of each batch, where it is another one by now; raises TargetError."""
        for folder in self._folders.values():
            self._write_index(folder)

    def _write_index(self, folder: str) -> None:
        rows, old = _anew(self._workbook, folder), self._old.get(folder)
        self._old[folder], written = write_index(self._target, self._workbook.size, folder, rows, old)
        self._workbook.add_files(written)

    def _free(self, batch: str | None) -> str:
        """Return the batch's own folder: none that another batch has, or has on some file systems."""
        there = self._target.folders()
        return next(
            found for found, wanted in self._found(batch, there) if self._is_own(found, wanted, batch)
        )

    def _found(self, batch: str | None, there: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield folders that may be the batch's, as they are spelled there and as they were to be."""
        plain, apart = batch_folder(batch), folder_apart(batch)
        taken = set(self._folders.values())
        # What is there in its very spelling is apart from other spellings, which are there as well.
        yield from ((name, name) for name in (plain, apart) if name in there and name not in taken)
        spelled = {folded(name): name for name in there}
        for wanted in chain([plain], (f"{plain}~b{number}" for number in count(2))):
            found = spelled.get(folded(wanted), wanted)
            if folded(found) not in map(folded, taken):
                yield found, wanted

    def _is_own(self, folder: str, wanted: str, batch: str | None) -> bool:
        """Return whether a folder is the batch's: by its index, which is read then, else by its name."""
        with scratch() as index:
            if not self._target.copy(f"{folder}/{JSONL}", index):
                return folder == wanted
            index.seek(0)
            first = _row(index.readline())
            if first.get("batch") != batch if first else folder != wanted:
                return False
            self._read_index(folder, index)
            return True

    def _read_index(self, folder: str, index: BinaryIO) -> None:
        self._old[folder] = digest_of(index)
        index.seek(0)
        for row in map(_row, index):
            if isinstance(row.get("brief_id"), str) and isinstance(row.get("item"), str):
                # One that an older version wrote has fewer columns.
                whole = row | {name: None for name in COLUMNS if name not in row}
                self._workbook.put(folder, row["item"], whole)
                if row.get("file"):
                    self._workbook.take(folder, str(row["file"]).partition("/")[0], row["brief_id"])


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode(errors="replace"))
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _anew(workbook: Workbook, folder: str) -> Rows:
    return lambda: workbook.rows(folder)
