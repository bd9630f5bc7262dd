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


def test_one_that_the_page_does_while_it_asks_is_told_of(
    three: Flow, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun_while_it_asks(three, monkeypatch, 5)
    with pytest.raises(typer.Exit) as ended:
        meant(three)
    told = "is done: only one that is ready can be begun; it was begun, with 3 briefs done"
    assert (ended.value.exit_code, told in capsys.readouterr().err) == (1, True)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (typer.Abort(), "aborted: it was begun, with 0 briefs done"),
        (KeyboardInterrupt(), "interrupted: it was begun, with 0 briefs done"),
    ],
)
def test_a_no_stops_what_the_page_has_begun_meanwhile(
    three: Flow,
    answer: BaseException,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun_while_it_asks(three, monkeypatch, 0, answer)
    with pytest.raises(typer.Exit):
        meant(three)
    assert told in capsys.readouterr().err


def test_a_listener_that_looks_as_it_begins_leaves_it_to_the_command(
    three: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Orders.begin

    def begun(orders: Orders, order: Ordered, **more: Any) -> Ordered:
        found = begin(orders, order, **more)
        assert not Carrier(orders, "listener").step(order.order_id)
        return found

    monkeypatch.setattr(Orders, "begin", begun)
    assert sorted(meant(three).ids) == BRIEFS


def begun_while_it_asks(
    flow: Flow, monkeypatch: pytest.MonkeyPatch, pieces: int, answer: BaseException | None = None
) -> None:
    """Have somebody begin the order, and do so many pieces of it, while a person is asked."""

    give, given = Orders.give, list[Ordered]()

    def noted(orders: Orders, *what: Any, **more: Any) -> Ordered:
        given.append(give(orders, *what, **more))
        return given[0]

    def asked(*_: Any) -> None:
        orders = Orders(flow.client, flow.settings)
        order = orders.begin(given[0])
        for _ in range(pieces):
            Carrier(orders, "page").step(order.order_id)
        if answer is not None:
            raise answer

    monkeypatch.setattr(Orders, "give", noted)
    monkeypatch.setattr("cli.shared.ordering._ask", asked)
