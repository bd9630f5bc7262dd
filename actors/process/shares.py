"""Each account's share of a worker's threads: one whose API hangs must not take those of all the others.

An account has a thread from the claim of a step to the step's end, most of which is waiting for the API. It
may begin a step while it has fewer threads than are free. So an account whose API hangs gets at most half of
the threads, two such accounts a third each, and some always stay free; nobody has to know which one hangs.
The rule is that of dynamic thresholds, by which network switches share their memory (Choudhury and Hahne,
1998).

A step that may not begin is not kept here in a thread: it is sent again when there is room, and by its timer
should this process die.
"""

import threading
from collections import Counter

import redis

from config import logs
from worker.ledger.ledger import Ledger

log = logs.get("shares")


class AccountShares:
    """The shares of one process, and the steps that wait for room."""

    def __init__(self, threads: int | None = None) -> None:
        """Without a number of threads nothing is bounded, as where there is one account."""
        self.threads = threads
        self._lock = threading.Lock()
        self._held: dict[int, str] = {}
        """Of each thread at work the account."""
        self._numbers: Counter[str] = Counter()
        """Of each account how many."""
        self._waiting: dict[str, str] = {}
        """Of each subject that waits the account, in the order in which they came."""

    def acquire(self, thread: int, account: str, subject: str) -> bool:
        """Return whether a thread may go on for an account; if not, the step waits."""
        with self._lock:
            self._end(thread)  # of a step that ended where nobody heard of it
            if not self._has_room(account):
                self._waiting.setdefault(subject, account)
                return False
            self._waiting.pop(subject, None)
            self._held[thread] = account
            self._numbers[account] += 1
            return True

    def release(self, thread: int) -> str | None:
        """End what a thread did; return the first subject that waits and has room now."""
        with self._lock:
            return self._call() if self._end(thread) else None

    def call(self) -> str | None:
        """Return the first subject that waits and has room."""
        with self._lock:
            return self._call()

    def has_work(self, account: str) -> bool:
        """Return whether a thread works for an account."""
        return account in self._numbers

    def _call(self) -> str | None:
        for subject, account in self._waiting.items():
            if self._has_room(account):
                del self._waiting[subject]
                return subject
        return None

    def _end(self, thread: int) -> bool:
        account = self._held.pop(thread, None)
        if account is None:
            return False
        self._numbers[account] -= 1
        if not self._numbers[account]:
            del self._numbers[account]
        return True

    def _has_room(self, account: str) -> bool:
        return self.threads is None or self._numbers[account] < self.threads - len(self._held)


def release(shares: AccountShares, ledger: Ledger, thread: int) -> None:
    """End a thread's work for an account, and queue the first waiting step that has room now."""
    subject = shares.release(thread)
    try:
        # A step that has ended meanwhile, or that ran elsewhere, passes its turn on to the next one.
        while subject is not None and not ledger.recall(subject):
            subject = shares.call()
    except redis.RedisError as error:
        log.warning("shares.nobody_called", error=str(error))  # its timer is left
