"""Orders as tests give them, and what has come of each brief."""

import json
from typing import Any

from stepping import Flow

from config import keys
from worker.ledger.transition import Transition
from worker.orders.carrying import Carrier
from worker.orders.order import Order, State, What
from worker.orders.orders import Orders
from worker.selection.language import parse
from worker.views.snapshots import journal


def failed(flow: Flow, *brief_ids: str, **fields: Any) -> None:
    """Put briefs on record that have failed."""
    for brief_id in brief_ids:
        flow.accept(brief_id=brief_id, **fields)
        flow.ledger.apply(flow.brief(brief_id), Transition("failed", fields={"error": "503: try later"}))


def orders_of(flow: Flow) -> Orders:
    return Orders(flow.client, flow.settings)


def collected(orders: Orders, order: Order) -> Order:
    """The order with its set, fixed."""
    carrier = Carrier(orders, "collector")
    while carrier.step(order.order_id):
        pass
    found = orders.get(order.order_id)
    assert found.state is State.READY
    return found


def given(orders: Orders, what: What, line: str, **more: Any) -> Order:
    """An order whose set is fixed."""
    return collected(orders, orders.give(what, parse(line), "ada", "as it is mended", **more))


def carried_out(orders: Orders, order: Order, name: str = "carrier") -> Order:
    carrier = Carrier(orders, name)
    while carrier.step(order.order_id):
        pass
    return orders.get(order.order_id)


def words(flow: Flow, brief_id: str) -> list[str]:
    """What operators said of a brief, by its journal."""
    return [each["what"] for each in journal(flow.client, brief_id) if each["call"] == "operator"]


def log(flow: Flow) -> list[dict[str, Any]]:
    """The log of actions, the last first."""
    found: Any = flow.client.lrange(keys.ACTIONS(), 0, -1)
    return [json.loads(text) for text in found]
