"""Reads all briefs and their accounts, once or again and again, for `watch` and `demo` to draw."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import redis

from config import durations, keys
from worker.ledger.kinds import Kind, final
from worker.operations import halts
from worker.selection.filter import OPEN as OPEN_STATES
from worker.selection.filter import Filter
from worker.selection.patience import patiently
from worker.selection.selecting import select
from worker.views import account_reading, happenings, held_back, snapshots
from worker.views.account import AccountSummary
from worker.views.counts import Where, counts, parked
from worker.views.listing import listed
from worker.views.models import BriefView

#: Open and finished briefs that are read for a snapshot of the display, twice a second: where each change of
#: a state is a line, and where a screen is drawn.
OPEN, FINISHED = 1_000, 1_000
SCREEN = 100


@dataclass(frozen=True)
class Snapshot:
    """The briefs and their accounts as they were read together."""

    briefs: Sequence[BriefView]
    accounts: Sequence[AccountSummary]
    unread_open: int = 0
    unread_finished: int = 0
    """How many more are on record, beyond those that were read."""
    queued: int = 0
    """Messages of the inlet, which no worker has put on record yet; 0 where a batch is looked at."""
    parked: int = 0
    """What budgets and pauses of batches hold back of the accounts."""
    halted: Sequence[str] = ()
    """What people have paused, of the accounts and of the batch that is looked at."""

    @property
    def count(self) -> int:
        """How many briefs there are."""
        return len(self.briefs) + self.unread_open + self.unread_finished

    @property
    def finished(self) -> int:
        """How many of them are finished."""
        return sum(brief.finished for brief in self.briefs) + self.unread_finished


def look(
    client: "redis.Redis", batch: str | None = None, *, everything: bool = False, screen: bool = False
) -> Snapshot:
    """Read the briefs, of one batch if given, and the accounts that they belong to.

    Unless `everything` is wanted, of very many only the first are read, and the others counted: for a
    `screen` no more than it can show.
    """
    most = (None, None) if everything else (SCREEN, SCREEN) if screen else (OPEN, FINISHED)
    if batch is not None and screen and not everything:
        briefs, still_open, finished = _of_batch(client, batch)
    else:
        found = listed(client, batch, most_open=most[0], most_finished=most[1])
        briefs = list(snapshots.each(client, found.ids))
        still_open = found.all_open - len(found.open)
        finished = found.all_finished - len(found.finished)
    accounts = account_reading.summaries(client, briefs)
    return Snapshot(
        briefs,
        accounts,
        unread_open=still_open,
        unread_finished=finished,
        queued=0 if batch is not None else int(client.llen(keys.QUEUE(keys.INLET))),
        halted=_halted(client, briefs, batch),
        parked=sum(parked(client, [account.name for account in accounts]).values()),
    )


def _halted(client: "redis.Redis", briefs: Sequence[BriefView], batch: str | None) -> list[str]:
    """Return what people have paused of these briefs' accounts and batches, and of the batch itself."""
    still_open = [brief for brief in briefs if not brief.finished and not brief.faults]
    batches = {brief.batch for brief in still_open} | {batch}
    of_batches = halts.of_batches(client, sorted(filter(None, batches)))
    of_accounts = halts.of_accounts(client, sorted({brief.account for brief in still_open}))
    return [f"{name} {halt.words}" for name, halt in (*of_batches.items(), *of_accounts.items())]


def held_up(client: "redis.Redis", of: Iterable[Where]) -> Iterator[str]:
    """Yield what people have paused of accounts and batches with open briefs, and which budgets hold back."""
    still_open = [where for where in of if not final(Kind.BRIEF, where.state)]
    accounts = halts.of_accounts(client, sorted({where.account for where in still_open}))
    batches = halts.of_batches(client, sorted({where.batch for where in still_open if where.batch}))
    yield from (f"account {name} is {halt.words}" for name, halt in accounts.items())
    yield from (f"batch {name} is {halt.words}" for name, halt in batches.items())
    meant = {(where.account, where.batch) for where in still_open}
    for each in held_back.read(client, {account for account, _ in meant}):
        if (each.account, each.batch) in meant and not each.paused:
            yield f"batch {each.batch}: {each.number} held back {each.because}; to raise it: `{each.remedy}`"


def _of_batch(client: "redis.Redis", batch: str) -> tuple[list[BriefView], int, int]:
    """Return a screen of a batch's briefs, and how many more are open and finished."""
    still_open, finished = sizes(client, batch)
    wanted = Filter(state=(OPEN_STATES,), batch=(batch,), limit=SCREEN)
    shown = [each.brief for each in select(client, wanted)] if still_open else []
    newest: Any = client.zrange(keys.BATCH(batch), 0, SCREEN - 1, desc=True)
    known = {brief.brief_id for brief in shown}
    ended = [brief for brief in snapshots.by_ids(client, newest) if brief.finished]
    shown += [brief for brief in ended if brief.brief_id not in known]
    read = sum(brief.finished for brief in shown)
    return shown, max(0, still_open - len(shown) + read), max(0, finished - read)


def sizes(client: "redis.Redis", batch: str | None) -> tuple[int, int]:
    """Return how many briefs are open and finished, of a batch as they are counted."""
    if batch is None:
        return int(client.zcard(keys.UNFINISHED())), int(client.zcard(keys.FINISHED()))
    of: Counter[str] = Counter()
    for where, number in counts(client).of.items():
        if where.batch == batch:
            of[where.state] += number
    finished = sum(number for state, number in of.items() if final(Kind.BRIEF, state))
    return sum(of.values()) - finished, finished


def follow(client: "redis.Redis", batch: str | None = None, *, screen: bool = False) -> Iterator[Snapshot]:
    """Yield a snapshot at once, after events, and every half second; ends never."""
    since = happenings.last_id(client)
    idle_ms = round((durations.REDRAW_SECONDS - durations.REDRAW_LEAST_SECONDS) * 1000)
    while True:
        yield patiently(partial(look, client, batch, screen=screen))
        time.sleep(durations.REDRAW_LEAST_SECONDS)  # a burst of events is one redraw
        _, since = patiently(partial(happenings.changed, client, since, idle_ms))
