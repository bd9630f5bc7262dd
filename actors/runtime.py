"""What a worker process shares among its actors: ledger, API clients, accounts; opened at first use."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial

from dramatiq.middleware import CurrentMessage

from actors.process.accounts_here import AccountsHere
from actors.process.shares import AccountShares
from config import durations, logs
from config.accounts.account import Account
from config.accounts.reading import accounts_at_start
from config.settings import Settings, settings
from config.times import longest_call, longest_wait, monotonic
from worker.callers import inlets
from worker.callers.tokens import Caller
from worker.files.fetch_limiter import FetchLimiter, share_of
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record
from worker.network.pool import open_pool
from worker.piktid.client import PiktID
from worker.shards.ids import Ids
from worker.shards.shards import Shards, shards_of
from worker.store.connection import connect
from worker.store.embedded import process_redis_url
from worker.tally.bringing import Bringing
from worker.traces.telling import Telling
from worker.unresolved.unfinished import Unfinished

log = logs.get("process")


@dataclass(frozen=True)
class Runtime:
    """What the actors of this process share."""

    settings: Settings
    here: AccountsHere
    ledger: Ledger
    fetches: FetchLimiter
    choosers: FetchLimiter
    """Bounds the choosers' processes that run at once."""
    shares: AccountShares
    counts: Bringing
    """What this process counts for monitoring, brought to Redis."""
    shards: Shards
    ids: Ids
    unfinished: Unfinished
    inlets: Mapping[str, Caller]
    """The further inlets, and what each may use."""
    telling: Telling | None
    """Tells spans, where traces are wanted."""

    @property
    def accounts(self) -> Mapping[str, Account]:
        """Return the accounts of now."""
        return self.here.accounts

    @property
    def apis(self) -> dict[str, PiktID]:
        """Return the clients of the accounts' API; one stays while a thread works for its account."""
        return self.here.apis

    def claim_step(self, subject: str) -> Record | None:
        """Read a record for its step; None also of an account that this process can do nothing for now.

        While a deploy adds an account, only the new workers have its token: the record's timer sends the step
        again until one of them gets it. Or the account has its share of the threads
        (`actors/process/shares.py`). Nothing else may be claimed before.
        """
        message = CurrentMessage.get_current_message()
        record = self.ledger.claim_step(subject, getattr(message, "handed", None))
        if record is None:
            return None
        logs.bind_trace(record.get("trace"))
        return record if self.begin(record.account, subject) else None

    def begin(self, account: str, subject: str) -> bool:
        """Return whether this thread may call the API for an account; it may until its message has run."""
        if not self.take_thread(account, subject):
            return False
        if account in self.accounts:  # asked only now: from here on its client stays
            return True
        paused = self.ledger.pause_absent(account)
        log.warning("account.not_here", account=account, subject=subject, paused=paused)
        return False

    def take_thread(self, account: str, subject: str) -> bool:
        """Return whether this thread may work for an account, also one that this process does not know."""
        may = self.shares.acquire(threading.get_ident(), account, subject)
        if not may:
            log.info("step.waits_for_thread", account=account, subject=subject)
        return may

    @property
    def first_ledger(self) -> Ledger:
        """Return the ledger of the first shard, which counts what is of all."""
        return self.ledger if self.shards.count == 1 else Ledger(self.shards.client(0), self.settings)

    @property
    def paid_call_ms(self) -> int:
        """Milliseconds after which whoever began a paid call can no longer be about to record its outcome."""
        return round(longest_call(self.settings.request_timeout) * 1000) + durations.RECORD_MARGIN_MS

    def send_by(self) -> float:
        """Return until when a paid call that is claimed now may be sent: seconds of `config.times.monotonic`.

        Early enough that it has ended, and half of its margin is left, when somebody else may take it over.
        """
        return monotonic() + longest_wait() + durations.RECORD_MARGIN_MS / 2000

    @property
    def look_ms(self) -> int:
        """Return the ms until the API is asked about a job of which no event came."""
        return self.settings.api_ms(durations.LOOK_AGAIN_SECONDS)

    @property
    def unresolved_ms(self) -> int:
        """Milliseconds from the end of a create's call after which a job that it may have made is over."""
        return self.settings.api_ms(durations.JOB_PATIENCE_SECONDS) + durations.JOB_LATE_MS


@cache
def runtime() -> Runtime:
    """Return this process's connections, opened by the first call; accounts' limits are put on record."""
    values = settings()
    logs.configure(values)
    url = process_redis_url()
    live, shards = accounts_at_start(values), shards_of(url, values)
    live.serve(shards.serves)
    ledger, shares = Ledger(connect(url), values), AccountShares()
    pool = open_pool(timeout_read=values.request_timeout, timeout_write=values.request_timeout)
    share = share_of(values.threads)
    return Runtime(
        settings=values,
        here=AccountsHere(live, ledger, shares, partial(PiktID, pool, values.api_url)),
        ledger=ledger,
        fetches=FetchLimiter(share),
        choosers=FetchLimiter(min(share, os.cpu_count() or 1)),
        shares=shares,
        counts=Bringing(ledger.client),
        shards=shards,
        ids=Ids(shards, values),
        unfinished=Unfinished(ledger.client),
        inlets=inlets.at_start(values.inlets),
        telling=Telling(values, url) if values.traces else None,
    )
