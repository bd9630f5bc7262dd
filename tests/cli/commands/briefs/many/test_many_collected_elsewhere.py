"""A process that carries orders out may be at one before the command that gave it is."""

import threading
from typing import Any

import pytest
import typer
from stepping import Flow
from support import DEADLINE

from cli.shared.acting import Order
from cli.shared.ordering import Meant, announced, paid_so_far
from worker.orders.carrying import Carrier
from worker.orders.order import Order as Ordered
from worker.orders.orders import Orders
from worker.selection.language import parse

BRIEFS = ["a", "b", "c"]
ORDER = Order("retry", "ada", None, yes=True)


def meant(flow: Flow) -> Meant:
    return announced(flow.client, flow.settings, parse("state:failed"), ORDER, paid_so_far)


def given_and(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Have something happen to an order right after it is given."""
    give = Orders.give

    def given(orders: Orders, *what: Any, **more: Any) -> Ordered:
        order = give(orders, *what, **more)
        act(orders, order)
        return order

    monkeypatch.setattr(Orders, "give", given)


def test_a_set_that_another_process_collects_is_waited_for(
    three: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.orders.collecting.PAGE", 1)
    step, refused, threads = Carrier.step, threading.Event(), list[threading.Thread]()

    def stepped(carrier: Carrier, order_id: str) -> bool:
        more = step(carrier, order_id)
        if not more:
            refused.set()
        return more

    def take(orders: Orders, order: Ordered) -> None:
        other = Carrier(orders, "another")
        assert step(other, order.order_id), "it has the first of three, and the right to go on"

        def collect() -> None:
            refused.wait(DEADLINE)
            while step(other, order.order_id):
                pass

        threads.append(threading.Thread(target=collect))
        threads[0].start()

    given_and(monkeypatch, take)
    monkeypatch.setattr(Carrier, "step", stepped)
    found = meant(three)
    threads[0].join(DEADLINE)
    assert found.order is not None
    assert (found.order.number, sorted(found.ids)) == (3, BRIEFS)


def test_an_order_that_somebody_stops_first_is_told_of(
    three: Flow, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given_and(monkeypatch, lambda orders, order: orders.stop(order, "eve"))
    with pytest.raises(typer.Exit) as ended:
        meant(three)
    assert ended.value.exit_code == 1
    assert "was stopped by eve; nothing was changed" in capsys.readouterr().err
    assert [three.brief(each).state for each in BRIEFS] == ["failed"] * 3
