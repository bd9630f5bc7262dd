"""How far a look back at an account's unknown past has come: which pages of the API's list, which jobs.

Each step asks the API about one page or one job, so that no account, and no long past, keeps a worker from
the others. How far it has come stands on the account's record, which each step compares and sets.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import redis

from config import keys
from worker.ledger.records import account_subject
from worker.store.functions import Command, flag
from worker.unresolved.past import Past

#: Ms after which a list that was begun is read anew: jobs that somebody deletes move others to pages before.
_LIST_MS = 60_000


class Looked(NamedTuple):
    """How far it has come; times are ms by Redis' clock."""

    until: int
    """Of which unknown past it is: that one's end."""
    pages: int = 0
    read_at: int = 0
    """When the last of the pages was read."""
    believed: bool = False
    """Whether the list has named a creation: else it may never do so."""
    is_listed: bool = False
    """Whether all its pages were read."""
    asked: int = 0

    def with_page(self, now: int, *, names_creations: bool, is_last: bool) -> "Looked":
        """Return how far it is with one more page."""
        believed = self.believed or names_creations
        return self._replace(pages=self.pages + 1, read_at=now, believed=believed, is_listed=is_last)


class Standing(NamedTuple):
    """How far a look back has come, and the text by which that is on record."""

    looked: Looked
    text: str
    begins: bool
    next_job: str | None
    """One that the API is yet to be asked about."""


def standing(client: "redis.Redis", account: str, past: Past, now: int) -> Standing:
    """Return how far it has come; at its beginning for a past of which nothing was looked for."""
    with client.pipeline(transaction=True) as pipe:
        pipe.hget(keys.RECORD(account_subject(account)), "past_looked")
        pipe.zrange(keys.PAST_LISTED(account), 0, 0)
        text, waiting = pipe.execute()
    looked = Looked(past.until) if text is None else Looked(**json.loads(text))
    begins = text is None or looked.until != past.until
    if begins:
        return Standing(Looked(past.until), text or "", begins=True, next_job=None)
    if not looked.is_listed and now - looked.read_at > _LIST_MS:
        looked = looked._replace(pages=0)
    return Standing(looked, text, begins=False, next_job=waiting[0] if waiting else None)


def page_read(account: str, before: Standing, now: Looked, listed: Sequence[str]) -> Command[bool]:
    """Put a page's jobs on record, and go on; False where another run has come further."""
    return _look(account, before, now, {"listed": list(listed)})


def job_read(account: str, before: Standing, job: str, snapshot: str) -> Command[bool]:
    """Put on record what the API says of a job, and go on; False where another run has come further."""
    now = before.looked._replace(asked=before.looked.asked + 1)
    return _look(account, before, now, {"listed": [], "job": job, "snapshot": snapshot})


def snapshots(client: "redis.Redis", account: str) -> dict[str, str]:
    """Return what the API said of each job."""
    found: Any = client.hgetall(keys.PAST_JOBS(account))
    return dict(found)


def _look(account: str, before: Standing, now: Looked, found: Mapping[str, Any]) -> Command[bool]:
    given = {
        "account": account,
        "past_until": str(now.until),
        "before": before.text,
        "begins": before.begins,
        "looked": json.dumps(now._asdict()),
        **found,
    }
    return Command("look", keys.HISTORY(), flag, given)
