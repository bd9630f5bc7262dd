"""What a person says of an order: give it, begin it once its set is known, stop it.

A set is fixed before anything is done, and told with what is at stake; what comes later is not in it. The
record stands in each shard, with the members that live there; that of the first shard tells what is meant.
Everything here raises redis.RedisError.
"""

import json
import secrets
from collections.abc import Sequence
from typing import Any

import redis

from config.settings import Settings
from config.times import redis_ms
from worker.briefs.faults import BriefError
from worker.ledger.library import ledger_library
from worker.operations import actions, updating
from worker.operations.updating import Change
from worker.orders.calls import NONE, order_move
from worker.orders.order import Order, OrderError, State, What, read
from worker.selection.filter import Filter
from worker.selection.language import written
from worker.shards.merged import clients_of
from worker.store.functions import Functions

#: Characters of the names of metadata that are told of a change.
_NAMES = 200


class Orders:
    """The orders of an installation."""

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self.client, self.settings = client, settings
        library = ledger_library(settings)
        self.shards = [(each, Functions(each, library)) for each in clients_of(client)]

    def give(
        self,
        what: What,
        wanted: Filter,
        by: str,
        why: str | None = None,
        *,
        change: Change | None = None,
        accounts: Sequence[str] = (),
    ) -> Order:
        """Put an order on record, whose set is then collected; raises OrderError.

        `accounts` are those that its giver may use, none for all.
        """
        _check(what, wanted, change, accounts)
        order_id, now = secrets.token_hex(6), self.now()
        fields = {"what": what, "by": by, "filter": written(wanted), "at": str(now)}
        fields |= {"why": why} if why else {}
        fields |= {"change": json.dumps(change._asdict())} if change is not None else {}
        fields |= {"accounts": json.dumps(list(accounts))} if accounts else {}
        fields |= {"cursor": wanted.after} if wanted.after else {}
        # The first shard comes last: only then is there an order, and the others are prepared.
        for number, (_, functions) in reversed(list(enumerate(self.shards))):
            its = {} if number else fields
            functions.run(order_move(order_id, [NONE], State.COLLECTING, its))
        return self.get(order_id)

    def get(self, order_id: str) -> Order:
        """Return an order; raises OrderError."""
        found = read(self.client, order_id)
        if found is None:
            raise OrderError(f"no order {order_id[:40]} is on record: it was dropped, or was over long ago")
        return found

    def begin(self, order: Order, *, dead_letters: int = 0) -> Order:
        """Let an order be carried out whose set is fixed; said twice it is begun once. Raises OrderError.

        The log of actions tells of it, and of how many dead letters the same word is for.
        """
        told = _told(order) | ({"dead_letters": dead_letters} if dead_letters else {})
        log = actions.entry(self.now(), order.what, order.by, order.why, **told)
        _, first = self.shards[0]
        fields = {"begun_at": str(self.now())}
        if not first.run(order_move(order.order_id, [State.READY], State.RUNNING, fields, log)):
            state = self.get(order.order_id).state
            raise OrderError(f"order {order.order_id} is {state}: only one that is ready can be begun")
        self.bring_along(order.order_id, State.RUNNING)
        return self.get(order.order_id)

    def stop(self, order: Order, by: str, why: str | None = None) -> Order:
        """Do nothing more of an order; what was done stays done. Raises OrderError."""
        now = self.now()
        told = {"order": order.order_id, "done": order.done, "left": order.left}
        log = actions.entry(now, "order.stop", by, why, **told) if order.begun_at else None
        fields = {"ended_at": str(now), "ended_by": by} | ({"ended_why": why} if why else {})
        _, first = self.shards[0]
        states = [State.COLLECTING, State.READY, State.RUNNING]
        if not first.run(order_move(order.order_id, states, State.STOPPED, fields, log)):
            state = self.get(order.order_id).state
            raise OrderError(f"order {order.order_id} is {state} already")
        self.bring_along(order.order_id, State.STOPPED)
        return self.get(order.order_id)

    def bring_along(self, order_id: str, to: State) -> None:
        """Tell the other shards what the first one knows: whoever moved the order may have been killed."""
        before = [NONE, State.COLLECTING, State.READY, State.RUNNING]
        for _, functions in self.shards[1:]:
            functions.run(order_move(order_id, before[: before.index(to)] if to in before else before, to))

    def now(self) -> int:
        """Return the server's time in ms."""
        return redis_ms(self.shards[0][0].time())


def _told(order: Order) -> dict[str, Any]:
    told: dict[str, Any] = {"filter": order.filter, "briefs": order.sums.briefs, "paid": order.sums.paid}
    told |= {"batches": order.number} if order.what.is_of_batches else {}
    told |= {} if order.change is None else told_of(order.change)
    return told | {"order": order.order_id}


def told_of(change: Change) -> dict[str, Any]:
    """Return what the log of actions says of a change; of metadata only the names. Raises BriefError."""
    changes = updating.check(change)
    if "metadata" in changes:
        changes["metadata"] = ", ".join(changes["metadata"])[:_NAMES]
    return changes


def _check(what: What, wanted: Filter, change: Change | None, accounts: Sequence[str]) -> None:
    """Raise OrderError of what no order may say."""
    if not wanted.chooses:
        raise OrderError(
            "say which briefs are meant, for example state:open: a filter without a condition means all"
        )
    if what.is_of_batches and accounts:
        raise OrderError(
            "the batch may have briefs of accounts that you may not use: "
            "only somebody who may use all accounts can pause it"
        )
    if (change is None) == (what is What.UPDATE):
        raise OrderError("only the order `update` takes a change")
    try:
        updating.check(change or Change())
    except BriefError as bad:
        raise OrderError("; ".join(map(str, bad.faults))) from bad
