"""Exports briefs: their pictures to a target, and an index of each batch beside them.

Everything may be run again: what lies at the target already is neither fetched nor written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from posixpath import dirname

import redis

from worker.export import contact_sheet, fetching
from worker.export.arrivals import named
from worker.export.batches import Batches
from worker.export.fetching import Links
from worker.export.patterns import lacks_all
from worker.export.pictures import Item, Stored, Wanted, archived, items_of
from worker.export.rows import rows_of
from worker.export.storing import Look, Result, Store
from worker.export.workbook import Workbook, copy_of, stored_of
from worker.marking.copies import Copy
from worker.marking.signing import Marker
from worker.network.pool import Pool, open_pool
from worker.piktid.client import PiktID
from worker.places.scratch import scratch
from worker.places.target import Target
from worker.places.targets import Folder
from worker.views import snapshots
from worker.views.models import BriefView

#: Briefs that are in memory at once.
_PAGE = 200


@dataclass
class Counts:
    """What an export has done so far."""

    briefs: int = 0
    pictures: int = 0
    """Pictures that lie at the target now."""
    fetched: int = 0
    gone: int = 0
    unavailable: int = 0
    marked: int = 0
    """Marked copies that lie there."""
    unmarked: int = 0
    """Pictures of which no marked copy could be made."""
    unnamed: int = 0
    """Briefs with pictures that have nothing of what the pattern names, and are called by their ids."""
    named_before: int = 0
    """Pictures that keep the name of an earlier run, where they would be called otherwise now."""
    bytes: int = 0
    """Of the pictures that lie there."""


@dataclass(frozen=True)
class Order:
    """What is to be exported how."""

    wanted: Wanted
    pattern: str
    look: Look
    marker: Marker | None = None
    """By which marked copies are written beside the pictures; None: none is."""


class Export:
    """An export to one target; `exporting` opens it."""

    def __init__(
        self,
        client: "redis.Redis",
        target: Target,
        order: Order,
        pool: Pool,
        apis: Mapping[str, PiktID],
        workbook: Workbook,
    ) -> None:
        self._client = client
        self._order = order
        self._pool = pool
        self._apis = apis
        self._workbook = workbook
        self._target = target
        self._store = Store(target, workbook.size, order.look, order.marker)
        self._batches = Batches(client, target, workbook, order.pattern)
        self.counts = Counts()

    def add(self, briefs: Iterable[BriefView], told: Callable[[Counts], None] = lambda _: None) -> None:
        """Store the pictures of briefs, and note their rows; raises TargetError and redis.RedisError.

        `told` hears how far it is after each page of briefs.
        """
        walk = iter(briefs)
        with ThreadPoolExecutor(fetching.AT_ONCE, "export") as threads:
            try:
                while page := list(islice(walk, _PAGE)):
                    self._add(page, threads)
                    told(self.counts)
            finally:
                threads.shutdown(cancel_futures=True)

    def write_indexes(self) -> None:
        """Write the index of each batch of which briefs were added; raises TargetError."""
        self._batches.write_indexes()

    def write_sheet(self, file: Path) -> None:
        """Write a contact sheet of the batches of which briefs were added; raises TargetError."""
        with scratch() as aside:
            for part in contact_sheet.page(self._batches.rows(), self._target):
                aside.write(part)
            aside.seek(0)
            Folder(file.parent).write(file.name, aside)

    def _add(self, page: list[BriefView], threads: ThreadPoolExecutor) -> None:
        folders = [self._batches.folder(brief.batch) for brief in page]
        items = [self._items(brief, folder) for brief, folder in zip(page, folders, strict=True)]
        described = [brief.brief_id for brief, its in zip(page, items, strict=True) if its]
        journals = snapshots.journals(self._client, described)

        def work(brief: BriefView, folder: str, its: list[Item]) -> Result:
            known, copies, said = self._known(brief, folder)
            links = Links(self._pool, self._apis.get(brief.account), brief.job_id)
            result = self._store.store(its, known, links)
            self._store.mark(brief.brief_id, its, result, copies)
            self._store.describe(brief, its, result, journals.get(brief.brief_id, []), said)
            return result

        results = threads.map(work, page, folders, items)
        for brief, folder, its, result in zip(page, folders, items, results, strict=True):
            self._note(brief, folder, its, result)

    def _items(self, brief: BriefView, folder: str) -> list[Item]:
        if brief.job_id is None:
            return []
        names = self._batches.names(brief, folder)
        return items_of(brief, folder, names, self._order.wanted, in_place=False)

    def _known(
        self, brief: BriefView, folder: str
    ) -> tuple[dict[int, Stored], dict[int, Copy], dict[int, str]]:
        """Return what was stored of a brief before, its copies, and its metadata's digests, by draft."""
        rows = self._workbook.of_brief(folder, brief.brief_id).values()
        stored = archived(brief, self._target.name)
        stored |= dict(found for row in rows if (found := stored_of(folder, row)) is not None)
        for elsewhere in {dirname(each.file) for each in stored.values()}:
            if not elsewhere.startswith(f"{folder}/"):  # its batch was another one when it was archived
                self._workbook.add_files(self._target.files(elsewhere))
        copies = dict(copy for row in rows if (copy := copy_of(folder, row)) is not None)
        said = {row["image_result_id"]: str(row.get("metadata_sha256")) for row in rows if row.get("file")}
        return stored, copies, said

    def _note(self, brief: BriefView, folder: str, items: list[Item], result: Result) -> None:
        """Note a brief's rows; those of pictures stay that lie there and were not asked for this time."""
        rows = rows_of(brief, items, result, folder)
        files = {row["image_result_id"] for row in rows.values() if row["file"] is not None}
        old = self._workbook.of_brief(folder, brief.brief_id)
        keep = {
            key: row
            for key, row in old.items()
            if key not in rows and row.get("file") and row["image_result_id"] not in files
        }
        self._workbook.remove(folder, brief.brief_id, [key for key in old if key not in keep])
        for key, row in rows.items():
            self._workbook.put(folder, key, row)
        self._workbook.add_files(result.written)
        self._count(brief, items, result)

    def _count(self, brief: BriefView, items: list[Item], result: Result) -> None:
        """Count a brief, which may have been added before."""
        size = sum(stored.size for stored in result.stored.values())
        now = {
            "briefs": 1,
            "pictures": len(result.stored),
            "gone": len(result.gone),
            "unavailable": len(result.unavailable),
            "marked": len(result.copies),
            "unmarked": len(result.unmarked),
            "unnamed": int(bool(result.stored) and lacks_all(self._order.pattern, named(brief))),
            "named_before": sum(
                item.image_result_id in result.stored
                and dirname(result.stored[item.image_result_id].file) != item.folder
                for item in items
            ),
            "bytes": size,
        }
        for name, more in self._workbook.tally(brief.brief_id, now).items():
            setattr(self.counts, name, getattr(self.counts, name) + more)
        self.counts.fetched += result.fetched


@contextmanager
def exporting(
    client: "redis.Redis",
    target: Target,
    order: Order,
    api_url: str,
    apis: Callable[[Pool], Mapping[str, PiktID]],
) -> Iterator[Export]:
    """Yield an export, and close it with all that it has opened."""
    with fetching.open_pictures(api_url) as pictures, open_pool() as api, Workbook.opened() as workbook:
        yield Export(client, target, order, pictures, apis(api), workbook)
