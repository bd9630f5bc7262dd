"""The set of an order: what is in it, whoever collects it, late, killed or two at once."""

from typing import Any

import pytest
from given_orders import carried_out, failed, given, orders_of
from own_account import PROMOTE
from stepping import Flow

from config import keys
from worker.orders import collecting
from worker.orders.calls import order_add
from worker.orders.carrying import Carrier
from worker.orders.collecting import Collecting, to_look_at
from worker.orders.order import State, What, under_way
from worker.selection.language import parse
from worker.selection.selecting import select

#: More than two pages of two.
FIVE = [f"b{number}" for number in range(5)]


def test_what_came_after_the_word_is_not_meant(flow: Flow) -> None:
    failed(flow, "a")
    orders = orders_of(flow)
    order = orders.give(What.CANCEL, parse("state:open"), "ada")
    flow.accept(brief_id="late")
    flow.client.hset(keys.ORDER(order.order_id), "at", flow.brief("a").fields["accepted_at"])
    assert not Carrier(orders, "x").step(order.order_id)
    assert orders.get(order.order_id).number == 0


def test_a_carrier_that_collects_late_adds_nothing_to_what_has_begun(flow: Flow) -> None:
    failed(flow, "a")
    orders = orders_of(flow)
    order = orders.give(What.RETRY, parse("state:failed"), "ada")
    held_up = Collecting(orders, order)
    while Carrier(orders, "x").step(order.order_id):
        pass
    orders.begin(orders.get(order.order_id))
    carried_out(orders, order, "x")
    assert not held_up.step()
    assert not flow.functions.run(order_add(order.order_id, [(1, "a")]))
    assert orders.get(order.order_id).left == 0


def test_a_carrier_that_collects_late_takes_nothing_told_back(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "PAGE", 2)
    failed(flow, *FIVE)
    orders = orders_of(flow)
    held_up = Collecting(orders, orders.give(What.RETRY, parse("state:failed"), "ada"))
    (order,) = under_way(flow.client)
    other = Collecting(orders, order)
    assert all(other.step() for _ in range(3)), "all pages are there, and the set is still open"
    assert not held_up.step()
    told = orders.get(order.order_id)
    assert (told.state, told.sums.briefs, told.met) == (State.COLLECTING, 5, 5)


def test_collecting_goes_on_where_whoever_was_killed_had_come_to(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "PAGE", 2)
    failed(flow, *FIVE)
    orders = orders_of(flow)
    order = orders.give(What.RETRY, parse("state:failed"), "ada")
    killed = Collecting(orders, order)
    killed.step()
    # Killed between the two writes of a page: its members are there, and are not counted.
    page = next(killed._pages)
    killed._put([each.brief for each in page])
    other = Collecting(orders, orders.get(order.order_id))
    while other.step():
        pass
    ready = orders.get(order.order_id)
    assert (ready.number, ready.sums.briefs, ready.met) == (5, 5, 5)


def test_of_those_done_only_what_may_be_retried_is_read_whole(heard: Flow) -> None:
    heard.api.refuse(PROMOTE, 400, {"error": "no face"})
    for brief_id in ("in-part", "whole", "whole-too"):
        heard.accept(brief_id=brief_id, choose="all")
        assert heard.finish(brief_id).state == "done"
    heard.client.config_resetstat()
    found = list(select(heard.client, to_look_at(What.RETRY, parse("account:default"))))
    assert [each.brief.brief_id for each in found] == ["in-part"]
    stats: Any = heard.client.info("commandstats")
    assert stats["cmdstat_hgetall"]["calls"] == 4, "the counts, the brief and its two promotions"
    meant = {
        line: given(orders_of(heard), What.RETRY, line).sums.briefs
        for line in ("account:default", "error:face", "error:timeout", "account:default limit:3")
    }
    assert meant == {"account:default": 1, "error:face": 1, "error:timeout": 0, "account:default limit:3": 1}
