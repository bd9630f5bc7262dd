"""How many briefs a filter means, and where they stand: by the ledger's counts, or by reading all once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import redis

from worker.selection.filter import Filter
from worker.selection.selecting import Selected, select
from worker.views.counts import Counts, Where, counts, where_of


def by_counts(wanted: Filter) -> bool:
    """Return whether the briefs are counted apart from being found.

    That is by the ledger's counts, or since a page leaves out those before it.
    """
    return wanted.is_counted or wanted.after is not None


def tallied(client: "redis.Redis", wanted: Filter, met: Counter[Where]) -> Iterator[Selected]:
    """Yield those that are meant, up to the limit, and tally all: many are read once for both."""
    for number, each in enumerate(select(client, replace(wanted, limit=None))):
        met[where_of(each.brief)] += 1
        if wanted.limit is None or number < wanted.limit:
            yield each


def number_of(client: "redis.Redis", wanted: Filter) -> Counts:
    """Return how many stand where of those that are meant, whatever the limit."""
    if not wanted.is_counted:
        met: Counter[Where] = Counter()
        for _ in tallied(client, replace(wanted, after=None), met):
            pass
        return Counts(met, met.total())
    found = counts(client)
    of = Counter({where: number for where, number in found.of.items() if wanted.counts(where)})
    # Nobody knows in which state briefs are that are not counted yet.
    return Counts(of, of.total() + found.on_record - found.of.total())


def found_first(client: "redis.Redis", wanted: Filter) -> tuple[Counts, list[Selected]]:
    """Return how many stand where of those that are meant, and the first of them up to the limit."""
    if not by_counts(wanted):
        met: Counter[Where] = Counter()
        page = list(tallied(client, wanted, met))
        return Counts(met, met.total()), page
    found = number_of(client, wanted)
    # Where the last of them is met, those after it are not gone through for more.
    most = [found.on_record] if wanted.is_counted else []
    most += [] if wanted.limit is None else [wanted.limit]
    return found, list(select(client, replace(wanted, limit=min(most, default=None))))
