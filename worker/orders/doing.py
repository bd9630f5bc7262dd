"""Does an order to one of its members, in the call that takes the member off the list of those left."""

import json
from collections.abc import Callable
from typing import Literal, NamedTuple

import redis

from config.errors import IdentityWorkerError
from worker.ledger import commands
from worker.ledger.commands import Halted
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, brief_subject
from worker.ledger.transition import Answer
from worker.lifecycle.charges import take_apart
from worker.operations.halts import Halt
from worker.operations.operator import Operator
from worker.operations.updating import Change, update
from worker.orders.calls import order_pass
from worker.orders.order import Order, What
from worker.orders.orders import Orders
from worker.store.outages import code_of
from worker.views import snapshots


class Outcome(NamedTuple):
    """The outcome of an order for a member: a brief or a batch."""

    member: str
    how: Literal["done", "already", "refused"]
    said: str = ""


class Doing:
    """Does an order to the members that live in one shard; raises redis.RedisError."""

    def __init__(self, orders: Orders, order: Order, number: int) -> None:
        self._order, self._orders = order, orders
        self._client, self._functions = orders.shards[number]
        self._ledger = Ledger(self._client, orders.settings)
        self._operator = Operator(self._client, orders.settings, order.by, order.why, order=order.order_id)
        self._do: dict[What, Callable[[Record], Outcome]] = {
            What.RETRY: self._retry,
            What.CANCEL: self._cancel,
            What.UPDATE: self._update,
        }

    def do(self, member: str) -> Outcome:
        """Do the order to a member; if that is refused, note why and go past the member."""
        try:
            outcome = self._tried(member)
        except redis.ResponseError as error:
            if code_of(error) != "GONE":
                raise
            outcome = Outcome(member, "refused", "its account has moved to another shard")
        if outcome.how != "done":
            told = json.dumps({"member": member, "said": outcome.said}) if outcome.how == "refused" else None
            self._functions.run(order_pass(self._order.order_id, member, outcome.how, told))
        return outcome

    def _tried(self, member: str) -> Outcome:
        if self._order.what.is_of_batches:
            return self._halt(member)
        record = self._ledger.read(brief_subject(member))
        if record is None:
            return Outcome(member, "refused", f"no brief {member} is on record any more")
        try:
            return self._do[self._order.what](record)
        except IdentityWorkerError as error:
            return Outcome(member, "refused", str(error))

    def _retry(self, brief: Record) -> Outcome:
        to = self._operator.retry(brief, take_apart(snapshots.journal(self._client, brief.brief_id)))
        return Outcome(brief.brief_id, "done", f"goes on at {to}")

    def _cancel(self, brief: Record) -> Outcome:
        answer = self._operator.cancel(brief)
        return Outcome(brief.brief_id, "already" if answer is Answer.DUPLICATE else "done")

    def _update(self, brief: Record) -> Outcome:
        order, change = self._order, self._order.change or Change()
        changed = update(self._ledger, brief.brief_id, change, order.by, order.why, order=order.order_id)
        return Outcome(brief.brief_id, "done" if changed else "already")

    def _halt(self, batch: str) -> Outcome:
        order = self._order
        pauses = order.what is What.PAUSE
        text = json.dumps(Halt(order.by, self._ledger.now(), order.why or "")._asdict()) if pauses else ""
        halt = commands.halt(Halted(None, batch), text).given(order=order.order_id)
        # The first shard comes last: it tells what is left to do. Each has the batch in its own set, and so
        # does it once, whatever a person says of the batch meanwhile.
        for _, functions in reversed(self._orders.shards[1:]):
            functions.run(halt)
        before = self._functions.run(halt)
        return Outcome(batch, "done", "it was paused before" if before else "")
