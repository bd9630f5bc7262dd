"""Collects the members of an order, a page at a time; the record says how far, so anybody can go on."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import redis

from worker.operations.stakes import retriable
from worker.orders.calls import order_add, order_move
from worker.orders.order import Order, State, What, written_sums
from worker.orders.orders import Orders
from worker.selection.filter import OPEN, Filter
from worker.selection.language import parse
from worker.selection.selecting import Selected, select, within
from worker.shards.merged import clients_of, home_of
from worker.store.functions import Functions
from worker.views.models import BriefView

#: Briefs of a page: what is read, and put into the set, in one go.
PAGE = 200


class Collecting:
    """Collects one order, from where its record says."""

    def __init__(self, orders: Orders, order: Order) -> None:
        self._orders, self._order = orders, order
        self._client = orders.client
        self._wanted = parse(order.filter)
        self._met, self._sums, self._alone = order.met, order.sums, order.alone
        self._cursor = order.cursor or ""
        self._pages = self._read()

    def step(self) -> bool:
        """Put a page into the set; return whether there may be more to do here. Raises redis.RedisError."""
        page = next(self._pages, [])
        if not page:
            self._fix()
            return False
        self._met += len(page)
        # Where the set is fixed meanwhile, whoever did that had all of it; else another one has got further.
        is_open = self._put([each.brief for each in page if self._is_meant(each.brief)])
        return is_open and self._note(page[-1].cursor)

    def _read(self) -> Iterator[list[Selected]]:
        limit = self._wanted.limit
        left = None if limit is None else limit - self._met
        after = self._order.cursor or self._wanted.after
        wanted = replace(to_look_at(self._order.what, self._wanted), after=after, limit=None)
        found = islice(_until(self._client, wanted, self._order.at), left)
        while page := list(islice(found, PAGE)):
            yield page

    def _is_meant(self, brief: BriefView) -> bool:
        return FITS[self._order.what](brief) and (
            not self._order.accounts or brief.account in self._order.accounts
        )

    def _put(self, briefs: Sequence[BriefView]) -> bool:
        """Put briefs into the set, or their batches; return whether it is open."""
        members: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for brief in briefs:
            if not self._order.what.is_of_batches:
                members[brief.account].append((brief.accepted_at, brief.brief_id))
            elif brief.batch is None:
                self._alone += 1
                continue
            else:
                members[""].append((brief.accepted_at, brief.batch))
            self._sums.add(brief)
        for account, some in members.items():
            for functions in self._of(account):
                if not functions.run(order_add(self._order.order_id, some)):
                    return False
        return True

    def _of(self, account: str) -> list[Functions]:
        """Return the functions of an account's shard; of all shards for batches, which may be in each."""
        shards = [functions for _, functions in self._orders.shards]
        if not account:
            return shards
        return [shards[clients_of(self._client).index(home_of(self._client, account))]]

    def _note(self, cursor: str) -> bool:
        # After the members: whoever is killed in between puts the same ones there once more.
        told = {"cursor": cursor, "met": str(self._met), "alone": str(self._alone)}
        told["sums"] = written_sums(self._sums)
        _, functions = self._orders.shards[0]
        since, self._cursor = self._cursor, cursor
        return functions.run(order_add(self._order.order_id, [], told, since))

    def _fix(self) -> None:
        # The first shard comes last: as long as it says so, there may be more.
        for _, functions in reversed(self._orders.shards):
            functions.run(order_move(self._order.order_id, [State.COLLECTING], State.READY))


def _until(client: "redis.Redis", wanted: Filter, at: int) -> Iterator[Selected]:
    """Yield the briefs that match the filter and were accepted up to a time."""
    for each in select(client, wanted):
        if each.brief.accepted_at > at:
            return
        yield each


def _is_open(brief: BriefView) -> bool:
    return not brief.finished


def _any(_: BriefView) -> bool:
    return True


#: Which of the briefs that the filter means are in a state for it.
FITS = {
    What.RETRY: retriable,
    What.CANCEL: _is_open,
    What.UPDATE: _any,
    What.PAUSE: _is_open,
    What.UNPAUSE: _is_open,
}
#: The only states in which a brief may be in a state for it.
_STATES = {
    What.RETRY: ("held", "failed", "done"),
    What.CANCEL: (OPEN,),
    What.PAUSE: (OPEN,),
    What.UNPAUSE: (OPEN,),
}


def to_look_at(what: What, wanted: Filter) -> Filter:
    """Return a filter of those alone that may be in a state for it: of many finished ones none is read.

    A limit also counts those that are in no state for it, so then all are looked at.
    """
    if what not in _STATES or wanted.limit is not None:
        return wanted
    states = wanted.states & Filter(state=_STATES[what]).states
    if not states:
        return within(wanted, ("",))
    return replace(wanted, state=tuple(sorted(states)), stopped=what is What.RETRY)
