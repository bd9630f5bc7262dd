"""`orders` tells how far commands for many are; one that was killed is carried on, and one can be stopped."""

import json

from commandline import Command
from stepping import Flow

from worker.ledger.transition import Transition
from worker.orders.carrying import Carrier
from worker.orders.order import Order, What
from worker.orders.orders import Orders
from worker.selection.language import parse


def begun(flow: Flow) -> Order:
    """An order for three briefs that nobody carries out: whoever did was killed."""
    for brief_id in ("a", "b", "c"):
        flow.accept(brief_id=brief_id)
        flow.ledger.apply(flow.brief(brief_id), Transition("failed", fields={"error": "503"}))
    orders = Orders(flow.client, flow.settings)
    order = orders.give(What.RETRY, parse("state:failed"), "ada")
    while Carrier(orders, "x").step(order.order_id):
        pass
    return orders.begin(orders.get(order.order_id))


def states(flow: Flow) -> list[str]:
    return [flow.brief(brief_id).state for brief_id in ("a", "b", "c")]


def test_what_somebody_was_killed_at_is_carried_on(command: Command, flow: Flow) -> None:
    order = begun(flow)
    assert f"{order.order_id}  retry by ada" in command("orders").stdout
    told = command("orders", order.order_id, "--go-on")
    assert (told.returncode, ": done; 3 of 3 briefs; state:failed" in told.stdout) == (0, True)
    assert states(flow) == ["waiting"] * 3
    assert command("orders").stdout == "No order is under way.\n"


def test_an_order_is_stopped_by_its_id(command: Command, flow: Flow) -> None:
    order = begun(flow)
    told = command("orders", order.order_id, "--stop", "--by", "eve", "--why", "not these", "--json")
    assert (told.returncode, json.loads(told.stdout)["state"]) == (0, "stopped")
    assert states(flow) == ["failed"] * 3
    assert "eve: order.stop (not these)" in command("actions").stdout
    again = command("orders", order.order_id, "--go-on")
    assert "stopped; 0 of 0 briefs, stopped by eve, not these" in again.stdout
    assert command("orders", "none").returncode == 1
    assert command("orders", "--stop").returncode == 2
