"""What is on record of an account's unknown past, and the creates that may have been made in it.

A server that takes over, or that came back from a copy, may have forgotten paid calls
(`worker/ledger/lua/lib/accounts/history.lua`). Until it is known what they have bought, nothing more is.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import redis

from config import keys
from worker.ledger.kinds import KINDS, Kind
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, account_subject, brief_subject
from worker.store.functions import Command, flag, texts
from worker.unresolved.unfinished import Unfinished

if TYPE_CHECKING:
    # It brings the HTTP client along, which commands do without.
    from worker.piktid.client import PiktID

#: Pages after which a list of jobs is taken to be endless.
MOST_PAGES = 100
#: The states of briefs whose paid call may have been made before.
_STATES = ("preparing", "waiting", "uncertain")


class Past(NamedTuple):
    """The time of which it is unknown what an account has bought; ms by Redis' clock."""

    since: int
    until: int


class Forgotten(NamedTuple):
    """Since when paid calls may have been forgotten, and of which accounts."""

    since: int
    accounts: tuple[str, ...]


def forget(since: int | None, by: str, why: str) -> Command[Forgotten]:
    """Put on record that all accounts' past is unknown; since the newest claim on record if not said."""
    return Command("forget", keys.HISTORY(), _forgotten, {"since": since, "by": by, "why": why})


def suspect(by: str) -> Command[Forgotten | None]:
    """Look whether the server may have come back from a copy, and put on record what `forget` does if so.

    For the start of a worker, before it takes silent ones off the record.
    """
    why = "Redis began anew with workers on record that never signed out: it may have come back from a copy"
    return Command("suspect", keys.HISTORY(), _suspected, {"by": by, "why": why})


def remember(account: str, past: Past) -> Command[bool]:
    """Let an account buy again, unless its past has become unknown once more."""
    given = {"account": account, "past_until": str(past.until)}
    return Command("remember", keys.HISTORY(), flag, given)


def past_of(client: "redis.Redis", account: str) -> Past | None:
    """Return the unknown past of an account, None where all is known."""
    with client.pipeline(transaction=True) as pipe:
        pipe.hmget(keys.RECORD(account_subject(account)), "past_since", "past_until")
        pipe.zscore(keys.FORGETTING(), account)
        pipe.hget(keys.HISTORY(), "forgot_at")
        (since, until), yet_to_be_told, forgot_at = pipe.execute()
    if yet_to_be_told is not None:
        return Past(int(min(yet_to_be_told, float(since or yet_to_be_told))), int(forgot_at))
    return None if since is None else Past(int(since), int(until))


def may_be_older(client: "redis.Redis", record: Record) -> bool:
    """Return whether a paid call of a record may have been made that was forgotten."""
    known: Any = client.hget(keys.RECORD(account_subject(record.account)), "past_known")
    return past_of(client, record.account) is not None or int(record.fields["moved_at"]) <= int(known or 0)


def briefs(ledger: Ledger, unfinished: Unfinished, account: str) -> Iterator[Record]:
    """Yield the briefs of an account whose paid call may have been made before, the oldest first."""
    for brief_id in unfinished.of(account, _STATES):
        record = ledger.read(brief_subject(brief_id))
        if record is not None and record.account == account and record.state in _STATES:
            yield record


class Page(NamedTuple):
    """What a page of an account's list of jobs tells."""

    unowned: list[str]
    """Creations since the time that was asked for that no record owns."""
    names_creations: bool
    is_last: bool
    """Whether none of those is on later pages."""


def page_of(client: "redis.Redis", api: "PiktID", account: str, number: int, since: float) -> Page:
    """Read a page, from 1, of the creations that were made since then (s by the API's clock), newest first.

    Raises ApiError.
    """
    page = api.listed_jobs(number)
    ours = [job for job in page.jobs if job.job_type == KINDS[Kind.BRIEF].job_type]
    new = [job.job_id for job in ours if job.created_at is None or job.created_at >= since]
    unowned = [job for job, owner in zip(new, owners(client, account, new), strict=True) if owner is None]
    return Page(unowned, bool(ours), bool(page.last) or not page.jobs or len(new) < len(ours))


def unowned_jobs(client: "redis.Redis", api: "PiktID", account: str, since: float) -> list[str]:
    """List the creations that were made since then (s by the API's clock) and that no record owns.

    Raises ApiError.
    """
    found: list[str] = []
    for number in range(1, MOST_PAGES + 1):
        page = page_of(client, api, account, number, since)
        found += page.unowned
        if page.is_last:
            break
    return found


def owners(client: "redis.Redis", account: str, jobs: list[str]) -> list[str | None]:
    """Return which record owns each of an account's jobs, None where none does."""
    found: Any = client.mget([keys.JOB(account, job) for job in jobs]) if jobs else []
    return list(found)


def _suspected(answer: Any) -> Forgotten | None:
    return _forgotten(answer) if answer else None


def _forgotten(answer: Any) -> Forgotten:
    since, *accounts = texts(answer)
    return Forgotten(int(since), tuple(accounts))
