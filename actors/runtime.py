"""What a worker process shares among its actors: ledger, API clients, accounts; opened at first use."""

import os
import threading
from dataclasses import dataclass
from functools import cache

from dramatiq.middleware import CurrentMessage

from actors.process.shares import AccountShares
from config import durations, logs
from config.accounts import Account, accounts_at_start
from config.settings import Settings, settings
from config.times import monotonic
from worker.files.fetch_limiter import FetchLimiter, share_of
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record
from worker.network.pool import longest_call, longest_wait, open_pool
from worker.piktid.client import PiktID
from worker.store.connection import connect
from worker.store.embedded import process_redis_url

log = logs.get("process")


@dataclass(frozen=True)
class Runtime:
    """What the actors of this process share."""

    settings: Settings
    accounts: dict[str, Account]
    ledger: Ledger
    apis: dict[str, PiktID]
    fetches: FetchLimiter
    choosers: FetchLimiter
    """Bounds the choosers' processes that run at once."""
    shares: AccountShares

    def claim_step(self, subject: str) -> Record | None:
        """Read a record for its step; None also of an account that this process can do nothing for now.

        While a deploy adds an account, only the new workers have its token: the record's timer sends the step
        again until one of them gets it. Or the account has its share of the threads
        (`actors/process/shares.py`). Nothing else may be claimed before.
        """
        message = CurrentMessage.get_current_message()
        record = self.ledger.claim_step(subject, getattr(message, "handed", None))
        if record is not None and record.account not in self.apis:
            log.warning("account.not_here", account=record.account, subject=subject)
            return None
        if record is not None and not self.begin(record.account, subject):
            log.info("step.waits_for_thread", account=record.account, subject=subject)
            return None
        return record

    def begin(self, account: str, subject: str) -> bool:
        """Return whether this thread may call the API for an account; it may until its message has run."""
        return self.shares.acquire(threading.get_ident(), account, subject)

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
    accounts = accounts_at_start(values)
    ledger = Ledger(connect(process_redis_url()), values)
    ledger.configure(accounts.values())
    pool = open_pool(timeout_read=values.request_timeout, timeout_write=values.request_timeout)
    apis = {name: PiktID(pool, values.api_url, account.token) for name, account in accounts.items()}
    limiter = FetchLimiter(share_of(values.threads))
    choosers = FetchLimiter(min(share_of(values.threads), os.cpu_count() or 1))
    return Runtime(values, accounts, ledger, apis, limiter, choosers, AccountShares())
