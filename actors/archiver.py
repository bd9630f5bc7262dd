"""The archiver process: stores every brief's pictures as they come, and looks for those that nobody told of.

Any number may run. An event is crossed off when its brief's pictures are on record as stored; what can't be
stored stays with the archivers and is tried again. No step waits for them.
"""

import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import redis

from actors.process.beside import beside
from actors.process.ending import Ending
from actors.process.reloading import AccountsWatch
from actors.process.schema_watch import SchemaWatch
from actors.process.signing import Signing
from config import durations, keys, logs
from config.accounts.live import Change, all_new
from config.accounts.reading import live_accounts
from config.logs import Trouble
from config.processes import reload_at_sighup
from config.settings import Settings
from config.shards import namespace_of
from config.times import backoff, redis_ms
from worker.archive import stands
from worker.archive.archiving import Archive, Counts
from worker.archive.backlog import AT_ONCE, Backlog, Handed, is_lost
from worker.archive.looking import Look
from worker.archive.missed import Missed
from worker.export.fetching import open_pictures
from worker.marking.reading import read_marks
from worker.network.pool import Pool, open_pool
from worker.piktid.client import PiktID
from worker.places.names import digest
from worker.places.target import Target, TargetError
from worker.store.connection import connect
from worker.store.remedies import ends_process

log = logs.get("archiver")

#: After so many groups of briefs in a row of which the place has taken none, no more is tried.
_MOST_REFUSED = 5


class Archiver:
    """Archives until it is told to end; `archiving` opens it."""

    def __init__(
        self,
        client: "redis.Redis",
        settings: Settings,
        target: Target,
        ending: Ending,
        *,
        pictures: Pool,
        api: Pool,
    ) -> None:
        """Fetch over `pictures`, and ask for new links over `api`."""
        self.counts = Counts()
        self._client = client
        self._settings = settings
        self._api = api
        self._ending = ending
        name = uuid.uuid4().hex
        self.archive = Archive(client, settings, target, pictures, _marks, name, ending.is_told)
        self.backlog = Backlog(client, target.name, name)
        self._claims = self.archive.claims
        self._look_of = keys.ARCHIVE_LOOK, digest(target.name)
        self._look: Look | None = None
        """The look through all records, while this is the archiver that looks."""
        self._missed = Missed()
        self._pauses = backoff()
        self._place_trouble, self._redis_trouble, self._picture_trouble = (
            Trouble(log, event) for event in ("archive.refused", "archive.redis", "archive.picture_missing")
        )

    def change(self, change: Change) -> None:
        """Ask for new links with these accounts' tokens from now on."""
        clients = {
            name: PiktID(self._api, self._settings.api_url, change.accounts[name].token)
            for name in change.added | change.renewed
        }
        kept = {name: api for name, api in self.archive.apis.items() if name not in change.removed}
        self.archive.apis = kept | clients  # at once: threads that have the old ones go on with them

    def run(self) -> None:
        """Archive until told to end; raises redis.RedisError where waiting does not help."""
        log.info("archiver.started", place=self.archive.target.name)
        is_open = False
        while not self._ending.is_told():
            try:
                is_open = is_open or self._opened()
                self.round(round(durations.REDIS_BLOCK_SECONDS * 1000))
            except redis.RedisError as error:
                is_open = False
                # An open connection outlives a failover, and the next one leads to the new primary.
                if ends_process(error) and not is_lost(error):
                    raise
                self._redis_trouble.met(error=str(error))
                self._ending.wait(next(self._pauses))
        self._leave()

    def once(self) -> None:
        """Archive what is on record now.

        Raises TargetError and redis.RedisError. Where the place refuses single briefs, TargetError is raised
        when all others are stored; where it takes none, at once.
        """
        first: TargetError | None = None
        in_a_row = 0
        look = Look(self._client, self.archive, lists=True)
        look.wait_for_hosts = lambda: self._ending.wait(self.archive.silence())
        for briefs in look.steps:
            if self._ending.is_told():
                self.counts.ended = True
                return
            over, refused = self._archived(briefs, look)
            self.counts.missing = len(look.missed)
            first = first or refused
            in_a_row = in_a_row + 1 if refused is not None and not over else 0
            if in_a_row == _MOST_REFUSED:
                break
        if first is not None and look.missed:
            raise first
        look.end()

    def round(self, block_ms: int) -> None:
        """Archive what some events tell of, and a few briefs of a look; waits so long for events."""
        if self._look is None and self._claims.take(*self._look_of):
            self._look = Look(self._client, self.archive)
        is_idle = self._look is None and not self._missed.is_due()
        handed = self.backlog.next(block_ms if is_idle else None)
        briefs = list(dict.fromkeys(each.brief_id for each in handed if each.brief_id is not None))
        over, refused = self._archived(briefs)
        self.backlog.cross_off([each.entry for each in handed if self._is_over(each, over, refused)])
        if refused is None:
            refused = self._tried_again() if self._look is None else self._looked(self._look)
        if refused is None:
            self._pauses = backoff()
            return
        self._place_trouble.met(place=self.archive.target.name, error=str(refused))
        self._ending.wait(next(self._pauses))

    def _looked(self, look: Look) -> TargetError | None:
        """Go on with a look; return what the place refused with."""
        try:
            briefs = next(look.steps, None) if self._claims.take(*self._look_of) else None
        except TargetError as error:
            self._look = None  # it has the right still, and begins anew
            return error
        if briefs is not None:
            return self._archived(briefs, look)[1]
        if self._claims.take(*self._look_of):
            look.end()
        self._claims.end(*self._look_of, done_ms=durations.ARCHIVE_LOOK_MS)
        self._look, self._missed = None, Missed(look.missed)
        return None

    def _tried_again(self) -> TargetError | None:
        """Try a few of the briefs that a look has missed, if it is time; return as `_looked` does."""
        over, refused = self._archived(self._missed.next())
        self._missed.found(over)
        if over:
            stands.found(self._client, self.archive.target.name, len(over))
        return refused

    def _is_over(self, handed: Handed, over: set[str], refused: TargetError | None) -> bool:
        if handed.brief_id is None or handed.brief_id in over:
            return True
        # What the API does not give for an hour is left to the looks; what the place refuses is not.
        written = int(handed.entry.partition("-")[0])
        return refused is None and redis_ms(self._client.time()) - written > durations.ARCHIVE_LOOK_MS

    def _archived(
        self, briefs: Sequence[str], look: Look | None = None
    ) -> tuple[set[str], TargetError | None]:
        """Archive briefs, several at once; return those that lack nothing, and what the place refused with.

        They are noted in the look that has found them. Raises redis.RedisError.
        """
        over: set[str] = set()
        refused: TargetError | None = None
        if not briefs:
            return over, refused
        with ThreadPoolExecutor(AT_ONCE, "archive") as threads:
            lists = look is not None and look.lists
            running = {threads.submit(self.archive.archive, each, look=lists): each for each in briefs}
            while wait(running, durations.LEASE_KEPT_AGAIN_SECONDS).not_done:
                self._claims.keep()
        for future, brief_id in running.items():
            try:
                done = future.result()
            except TargetError as error:
                refused = error
                continue
            except redis.RedisError:
                raise
            except Exception:
                # A record that can't be read must not keep the others from the archive.
                log.exception("archive.failed", brief=brief_id)
                continue
            self.counts.fetched += done.fetched
            self.counts.gone += done.gone
            if look is not None:
                look.gone += done.gone
            if done.missing is None:
                over.add(brief_id)
                self.counts.briefs += 1
            else:
                self._picture_trouble.met(brief=brief_id, error=done.missing)
        if look is not None:
            look.note(briefs, over)
        return over, refused

    def _opened(self) -> bool:
        if self.backlog.open():
            log.info("archive.begins", place=self.archive.target.name)
        self._look = None
        return True

    def _leave(self) -> None:
        try:
            self._claims.end(*self._look_of)
            self.backlog.leave()
        except redis.RedisError as error:
            log.warning("archiver.not_left", error=str(error))  # others see to it
        log.info("archiver.stopped")


def archive(settings: Settings, url: str, target: Target, *, once: bool) -> Counts:
    """Archive until a signal, or once; raises AccountsError, redis.RedisError, and once TargetError."""
    live = live_accounts(settings)
    before = namespace_of(settings.namespace, settings.shard or 0)
    pictures, api = open_pictures(settings.api_url), open_pool()
    with Ending() as ending, connect(url, before) as client, pictures, api:
        ending.hear()
        archiver = Archiver(client, settings, target, ending, pictures=pictures, api=api)
        archiver.change(all_new(live.accounts))
        watch = AccountsWatch(live, archiver.change)
        reload_at_sighup(watch.tell)
        with beside(watch, SchemaWatch(settings, url), Signing(url, "archive")):
            (archiver.once if once else archiver.run)()
        return archiver.counts


def _marks(content: bytes) -> Mapping[str, object]:
    return read_marks(content).as_json()
