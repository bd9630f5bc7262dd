"""A command that does an order itself, beside processes that carry out whatever order is left."""

import threading
import time

import pytest
from given_orders import carried_out, failed, given, orders_of, words
from stepping import Flow
from support import DEADLINE

from config import durations, keys
from config.times import monotonic
from worker.orders import carrying
from worker.orders.carrying import Carrier
from worker.orders.doing import Doing
from worker.orders.order import Order, OrderError, State, What
from worker.orders.orders import Orders


def begun(flow: Flow, orders: Orders) -> Order:
    """An order under way to retry three briefs."""
    failed(flow, "a", "b", "c")
    return orders.begin(given(orders, What.RETRY, "state:failed"))


def test_what_another_one_does_is_waited_for_and_the_rest_done(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "PIECE", 1)
    orders, looked, found = orders_of(flow), threading.Event(), list[str]()
    order = begun(flow, orders)
    another, lease = Carrier(orders, "another"), keys.ORDER_LEASE(order.order_id)
    assert another.step(order.order_id)
    sleep = time.sleep

    def waits(seconds: float) -> None:
        looked.set()
        sleep(seconds / 10)

    monkeypatch.setattr("worker.orders.carrying.time.sleep", waits)

    def by_hand() -> None:
        doing = Doing(orders, order, 0)
        for member in Carrier(orders, "command").by_hand(order):
            found.append(member)
            doing.do(member)

    thread = threading.Thread(target=by_hand, daemon=True)
    thread.start()
    assert looked.wait(DEADLINE)
    assert (flow.client.get(lease), found) == ("another", [])
    assert another.step(order.order_id)
    another.let_go(order.order_id)
    thread.join(DEADLINE)
    ended = orders.get(order.order_id)
    assert (found, ended.state, ended.done, ended.refused) == (["c"], State.DONE, 3, 0)
    assert [words(flow, each) for each in "abc"] == [["retry"]] * 3


def test_a_carrier_held_up_leaves_what_another_has_taken_over(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a command whose output nobody reads for a while: its right to the order has run out."""
    orders = orders_of(flow)
    order = begun(flow, orders)
    by_hand = Carrier(orders, "command").by_hand(order)
    Doing(orders, order, 0).do(next(by_hand))
    later = monotonic() + durations.ORDER_LEASE_MS / 1000
    monkeypatch.setattr(carrying, "monotonic", lambda: later)
    flow.client.delete(keys.ORDER_LEASE(order.order_id))
    assert carried_out(orders, order, "another").done == 3
    assert list(by_hand) == []
    ended = orders.get(order.order_id)
    assert (ended.state, ended.refused, ended.already) == (State.DONE, 0, 0)


def test_the_right_is_taken_before_it_is_begun(flow: Flow) -> None:
    failed(flow, "a")
    orders = orders_of(flow)
    order = given(orders, What.RETRY, "state:failed")
    command = Carrier(orders, "command")
    command.take(order.order_id)
    orders.begin(order)
    assert not Carrier(orders, "listener").step(order.order_id)
    assert list(command.by_hand(order)) == ["a"]


def test_an_order_that_another_one_has_begun_is_not_taken(flow: Flow) -> None:
    orders = orders_of(flow)
    order = begun(flow, orders)
    flow.client.set(keys.ORDER_LEASE(order.order_id), "page", ex=30)
    with pytest.raises(OrderError, match="is running by now"):
        Carrier(orders, "command").take(order.order_id)
