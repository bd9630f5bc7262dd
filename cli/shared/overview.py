"""Reads all briefs and their accounts, once or again and again, for `watch` and `demo` to draw."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import redis

from config import durations
from worker.views import account_reading, happenings, outbox, snapshots
from worker.views.account import AccountSummary
from worker.views.listing import Listed, listed
from worker.views.models import BriefView

#: Open and finished briefs that are read for a snapshot of the display, twice a second.
OPEN, FINISHED = 1_000, 1_000


@dataclass(frozen=True)
class Snapshot:
    """The briefs and their accounts as they were read together."""

    briefs: Sequence[BriefView]
    accounts: Sequence[AccountSummary]
    unread_open: int = 0
    unread_finished: int = 0
    """How many more are on record, beyond those that were read."""

    @property
    def count(self) -> int:
        """How many briefs there are."""
        return len(self.briefs) + self.unread_open + self.unread_finished


def look(client: "redis.Redis", batch: str | None = None, *, everything: bool = False) -> Snapshot:
    """Read the briefs, of one batch if given, and the accounts that they belong to.

    Unless `everything` is wanted, of very many only the first are read, and the others counted.
    """
    found = listed(client, batch) if everything else _first(client, batch)
    briefs = list(snapshots.each(client, found.ids))
    return Snapshot(
        briefs,
        account_reading.summaries(client, briefs),
        unread_open=found.all_open - len(found.open),
        unread_finished=found.all_finished - len(found.finished),
    )


def _first(client: "redis.Redis", batch: str | None) -> Listed:
    return listed(client, batch, most_open=OPEN, most_finished=FINISHED)


def follow(client: "redis.Redis", batch: str | None = None) -> Iterator[Snapshot]:
    """Yield a snapshot at once, after events, and every half second; ends never."""
    since = happenings.last_id(client)
    idle_ms = round((durations.REDRAW_SECONDS - durations.REDRAW_LEAST_SECONDS) * 1000)
    while True:
        yield look(client, batch)
        time.sleep(durations.REDRAW_LEAST_SECONDS)  # a burst of events is one redraw
        entries = outbox.read(client, since, block_ms=idle_ms)
        since = entries[-1].id if entries else since
