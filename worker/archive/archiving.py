"""Archives one brief: stores its pictures, writes what its identities were made from, puts that on record.

It may be run again at any time, and killed anywhere: a picture that is stored already is found there by its
name and not fetched, and is on record once. One archiver at a time works on a brief. If there are two all the
same, because the first was frozen, both store the same, and one of them looks again.
"""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import redis

from config.settings import Settings
from worker.archive import records
from worker.archive.claims import Claims
from worker.archive.folders import BatchFolders
from worker.export.fetching import Links
from worker.export.hosts import Hosts
from worker.export.pictures import Item, Names, archived, batch_folder, items_of
from worker.export.storing import Look, Result, Sizes, Store
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.ledger.transition import Answer
from worker.network.pool import Pool
from worker.piktid.client import PiktID
from worker.places.names import digest, folded, safe_name
from worker.places.target import Target
from worker.store.functions import Functions
from worker.views import snapshots
from worker.views.models import BriefView


@dataclass
class Done:
    """What has come of archiving a brief."""

    fetched: int = 0
    gone: int = 0
    """Pictures that were found to be gone."""
    missing: str | None = None
    """Why a picture could not be had this time; None: none is missing."""


@dataclass
class Counts:
    """What an archiver has archived so far."""

    briefs: int = 0
    """Briefs of which all is there that can be had."""
    fetched: int = 0
    gone: int = 0
    missing: int = 0
    """Briefs of which something could not be had, or stored, this time."""
    ended: bool = False
    """Whether it was told to end before it had been through all records."""


class Archive:
    """The archive at one place; its methods may be called by several threads at once."""

    def __init__(
        self,
        client: "redis.Redis",
        settings: Settings,
        target: Target,
        pool: Pool,
        look: Look,
        archiver: str,
        is_ending: Callable[[], bool],
    ) -> None:
        """`is_ending` says whether the process ends: then no further picture is begun."""
        self.target = target
        self._functions = Functions(client, ledger_library(settings))
        self.claims = Claims(self._functions, target.name, archiver)
        self.apis: Mapping[str, PiktID] = {}
        """By account; it may be replaced while it runs."""
        self._client = client
        self._pool = pool
        self._folders = BatchFolders(target)
        self._hosts = Hosts()
        self._look = look
        self._is_ending = is_ending

    def silence(self) -> float:
        """Return the seconds after which every host that was silent may be asked again."""
        return self._hosts.longest_silence()

    def archive(self, brief_id: str, *, look: bool = False) -> Done:
        """Store what of a brief is not there yet; raises TargetError and redis.RedisError.

        With `look` what is on record is not believed, but looked for at the place.
        """
        done = Done()
        if not self._lacking(brief_id, look=look):
            return done
        with self.claims.brief(brief_id) as is_ours:
            if not is_ours:
                done.missing = "another archiver is at it"
                return done
            while (brief := self._lacking(brief_id, look=look)) is not None:
                look = False  # what was looked for once is there by now, or is told of
                answer = self._archived(brief, done)
                # Another archiver that was told of what has come meanwhile leaves it to this one.
                goes_on = answer is Answer.APPLIED and done.missing is None
                if answer is not Answer.CONFLICT and not goes_on:
                    break
        return done

    def _lacking(self, brief_id: str, *, look: bool) -> BriefView | None:
        brief = snapshots.brief(self._client, brief_id)
        if brief is None:
            return None
        return brief if self.lacks(brief, self._sizes(brief, ()).get if look else None) else None

    def lacks(self, brief: BriefView, sizes: Sizes | None = None) -> bool:
        """Return whether there is more of a brief than the archive has, or than lies there by these sizes."""
        # In which folder each lies does not matter.
        items = _items(brief, batch_folder(brief.batch))
        record = records.of_place(brief, self.target.name)
        there = record if sizes is None else records.still_there(record, sizes)
        return not records.is_whole(there, items)

    def _archived(self, brief: BriefView, done: Done) -> Answer | None:
        """Store what is missing and put it on record; None: there was no time for all of it."""
        items = _items(brief, self._folders.of(brief.batch))
        sizes = self._sizes(brief, items).get
        before = records.still_there(records.of_place(brief, self.target.name), sizes)
        store = Store(self.target, sizes, self._look)
        gone = {each["image_result_id"] for each in before["gone"]}
        wanted = [item for item in items if item.image_result_id not in gone]
        api = self.apis.get(brief.account)
        links = Links(self._pool, api, brief.job_id, hosts=self._hosts, is_ending=self._is_ending)
        known = archived(brief, self.target.name)
        result = store.store(takewhile(lambda _: not self._is_ending(), wanted), known, links)
        done.fetched += result.fetched
        if len(result.stored) + len(result.gone) + len(result.unavailable) < len(wanted):
            done.missing = "the archiver ends"
            return None
        self._describe(store, brief, items, result)
        done.gone += len(result.gone)
        done.missing = next(iter(result.unavailable.values()), None)
        return self._put(brief, records.added(before, items, result))

    def _describe(self, store: Store, brief: BriefView, items: Sequence[Item], result: Result) -> None:
        if any(item.promotion is not None for item in items):
            store.describe(brief, items, result, snapshots.journal(self._client, brief.brief_id), {})

    def _put(self, brief: BriefView, record: records.Record) -> Answer:
        when = {"archived": records.text_of(brief.archived), "accepted_at": str(brief.accepted_at)}
        event = records.event_of(record)
        known = records.of_place(brief, self.target.name)
        if not any((record["pictures"], record["gone"], known["pictures"])):
            return Answer.DUPLICATE  # nothing could be had: there is nothing to tell
        text = records.text_of(records.field_of(brief, record))
        return self._functions.run(commands.archive(brief.brief_id, when, text, event))

    def _sizes(self, brief: BriefView, items: Sequence[Item]) -> dict[str, int]:
        """Return the sizes of what lies in the folders of a brief, of these pictures and on record."""
        folders = {posixpath.dirname(item.metadata_path) for item in items}
        folders |= {item.folder for item in items}
        for each in records.of_place(brief, self.target.name)["pictures"]:
            folders |= {posixpath.dirname(each[name]) for name in ("file", "metadata") if name in each}
        return {each.path: each.size for folder in sorted(folders) for each in self.target.files(folder)}


def _items(brief: BriefView, folder: str) -> list[Item]:
    if brief.job_id is None:
        return []
    return items_of(brief, folder, _names(brief.brief_id), "drafts", in_place=True)


def _names(brief_id: str) -> Names:
    """Return the names of a brief's folders, which depend on no other brief, as the export's do."""
    is_own = safe_name(brief_id) == brief_id == folded(brief_id)
    name = brief_id if is_own else f"{safe_name(brief_id)}~{digest(brief_id)}"
    return lambda number: name if number == 1 else f"{name}~{number}"
