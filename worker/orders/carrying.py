"""Carries orders out: a piece at a time, by whoever has the right to it, until nothing is left.

The right (a lease) only keeps two from doing the same work: that each member is done once is the ledger's
matter (`worker/ledger/lua/lib/orders.lua`). Everything here raises redis.RedisError.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import redis

from config import durations, keys
from config.times import monotonic
from worker.orders.calls import order_move, order_pass
from worker.orders.collecting import Collecting
from worker.orders.order import Order, OrderError, State, What
from worker.orders.orders import Orders

if TYPE_CHECKING:
    from worker.orders.doing import Outcome

#: Members that are done between two looks at the order.
PIECE = 20
#: Seconds between two looks whether another one is through with it.
LOOK_AGAIN = 0.1


class Carrier:
    """A process, or a command, that carries out orders; each has a name of its own."""

    def __init__(self, orders: Orders, name: str) -> None:
        self._orders, self._name = orders, name
        self._collecting: dict[str, Collecting] = {}
        self._leased_at = float("-inf")

    def step(self, order_id: str) -> bool:
        """Do a piece of an order; return whether there may be more to do here.

        Raises OrderError when it is gone.
        """
        order = self._orders.get(order_id)
        if order.state not in (State.COLLECTING, State.RUNNING) or not self._leased(order_id):
            self._collecting.pop(order_id, None)
            return False
        if order.state is State.COLLECTING:
            more = self._collect(order)
        else:
            more = any(True for _ in self.piece(order))
        if not more:
            self.let_go(order_id)
        return more

    def take(self, order_id: str) -> None:
        """Take the right to an order before it begins, so that no other carrier goes on with it.

        Waits while another one has it. Raises OrderError where that one has begun it, or it is over.
        """
        while not self._leased(order_id):
            found = self._orders.get(order_id)
            if found.state is not State.READY:
                raise OrderError(f"order {order_id} is {found.state} by now")
            time.sleep(LOOK_AGAIN)

    def let_go(self, order_id: str) -> None:
        """Give the right to an order back, so that others can go on with it at once."""
        first, _ = self._orders.shards[0]
        if first.get(keys.ORDER_LEASE(order_id)) == self._name:
            first.delete(keys.ORDER_LEASE(order_id))

    def piece(self, order: Order) -> Iterator["Outcome"]:
        """Do a piece of an order, and yield the outcome for each member; nothing if the order is done."""
        # Not at the top: what is at stake is told before this is imported, which takes long.
        from worker.orders.doing import Doing

        self._orders.bring_along(order.order_id, State.RUNNING)
        members = list(self._next(order))
        doing = {number: Doing(self._orders, order, number) for number in {each for each, _ in members}}
        for number, member in members:
            yield doing[number].do(member)
        if not members:
            self._end(order)

    def _next(self, order: Order) -> Iterator[tuple[int, str]]:
        """Yield the next members that are left, each with the number of its shard."""
        # A batch is in the set of each shard, and done in all of them at once.
        shards = self._orders.shards[:1] if order.what.is_of_batches else self._orders.shards
        for number, (client, _) in enumerate(shards):
            members: Any = client.zrange(keys.ORDER_LEFT(order.order_id), 0, PIECE - 1)
            yield from ((number, member) for member in members)

    def by_hand(self, order: Order) -> Iterator[str]:
        """Yield the members of an order that has begun, for a caller that changes each itself.

        What the caller leaves is passed. While another carrier has the right to the order, because this one
        gave no sign of life for long, it waits for what that one leaves. A caller that stops half-way stops
        the order. If it is killed, others do the rest.
        """
        try:
            while members := list(self._next(order)):
                if self._leased(order.order_id):
                    yield from self._passed(order, members)
                else:
                    time.sleep(LOOK_AGAIN)
            self._end(order)
        finally:
            # Should Redis be away, another one goes on as if this one had been killed.
            with suppress(redis.RedisError, OrderError):
                self.let_go(order.order_id)
                self._orders.stop(order, order.by, "it was interrupted")

    def _passed(self, order: Order, members: Sequence[tuple[int, str]]) -> Iterator[str]:
        """Yield members, each of which is passed then, while nobody else can have the right to them."""
        how: Literal["already", "refused"] = "already" if order.what is What.UPDATE else "refused"
        for number, member in members:
            yield member
            _, functions = self._orders.shards[number]
            functions.run(order_pass(order.order_id, member, how))
            # A third of the time that it lasts: a carrier that was held up for longer looks what is left by
            # now.
            if monotonic() - self._leased_at > durations.ORDER_LEASE_MS / 3000:
                return

    def _collect(self, order: Order) -> bool:
        collecting = self._collecting.setdefault(order.order_id, Collecting(self._orders, order))
        if collecting.step():
            return True
        del self._collecting[order.order_id]
        return False

    def _end(self, order: Order) -> None:
        ended = {"ended_at": str(self._orders.now())}
        for number, (_, functions) in reversed(list(enumerate(self._orders.shards))):
            fields = {} if number else ended
            functions.run(order_move(order.order_id, [State.RUNNING], State.DONE, fields))

    def _leased(self, order_id: str) -> bool:
        """Return whether this carrier may go on, as no other one has given a sign of life lately."""
        first, _ = self._orders.shards[0]
        lease, self._leased_at = keys.ORDER_LEASE(order_id), monotonic()
        if first.set(lease, self._name, nx=True, px=durations.ORDER_LEASE_MS):
            return True
        return first.get(lease) == self._name and bool(first.pexpire(lease, durations.ORDER_LEASE_MS))
