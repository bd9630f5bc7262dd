"""Carries out people's orders, in a thread of its own of each `web` and each listener.

One process at a time works on an order; when it gives no sign of life, another takes the order over.
"""

import threading
import uuid
from contextlib import suppress

import redis

from config import durations, logs
from config.logs import Trouble
from config.settings import Settings
from worker.orders.carrying import Carrier
from worker.orders.order import OrderError, under_way
from worker.orders.orders import Orders
from worker.shards.shards import Shards

log = logs.get("orders")


class OrdersWatch:
    """Looks for orders now and then, and at once when told of one."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings, self._url = settings, url
        self._ended, self._told = threading.Event(), threading.Event()
        self._name = uuid.uuid4().hex
        self._trouble = Trouble(log, "orders.redis")

    def start(self) -> None:
        """Look from now on, for as long as the process lives or until `end`."""
        threading.Thread(target=self._run, name="orders", daemon=True).start()

    def tell(self) -> None:
        """Look now: there is something to do."""
        self._told.set()

    def end(self) -> None:
        """Look no more; what is under way goes on elsewhere, or later."""
        self._ended.set()
        self._told.set()

    def _run(self) -> None:
        # All of them, also where this process serves one alone: an order may be for briefs in each.
        with Shards(self._url, self._settings.namespace, self._settings.shards) as shards:
            orders = Orders(shards.reading, self._settings)
            carrier = Carrier(orders, self._name)
            while not self._ended.is_set():
                self._told.clear()
                more = False
                try:
                    more = self._look(orders, carrier)
                except redis.RedisError as error:
                    self._trouble.met(error=str(error))
                except Exception:
                    # Without this thread this process would carry out no order any more.
                    log.exception("orders.not_looked_at")
                if not more:
                    self._told.wait(durations.ORDER_LOOK_SECONDS)

    def _look(self, orders: Orders, carrier: Carrier) -> bool:
        """Do a piece of each order that is this process's; return whether there is more to do."""
        more = False
        for order in under_way(orders.client):
            if self._ended.is_set():
                return False
            try:
                more = self._piece(orders, carrier, order.order_id) or more
            except redis.RedisError as error:  # what one meets does not keep the others waiting
                self._trouble.met(error=str(error), order=order.order_id)
        return more

    def _piece(self, orders: Orders, carrier: Carrier, order_id: str) -> bool:
        try:
            return carrier.step(order_id)
        except OrderError:
            return False  # dropped meanwhile
        except redis.RedisError:
            raise
        except Exception as error:  # tried again for ever, it would keep all others waiting
            log.exception("order.broken", order=order_id)
            with suppress(OrderError):  # a person has stopped it already
                told = f"it could not be carried out: {error!r}"
                orders.stop(orders.get(order_id), "identity-worker", told)
            return False
