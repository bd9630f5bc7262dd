"""An order for many briefs: its set is fixed before anything is done, each is done once, it can be ended."""

import threading
from typing import Any

import pytest
from given_orders import carried_out, failed, given, log, orders_of, words
from stepping import Flow

from config import keys
from worker.ledger.transition import Transition
from worker.lifecycle.charges import take_apart
from worker.operations.operator import Operator
from worker.operations.updating import Change
from worker.orders.carrying import Carrier
from worker.orders.doing import Doing
from worker.orders.order import OrderError, State, What, refusals, under_way
from worker.orders.orders import Orders
from worker.selection.language import parse
from worker.store.connection import connect

MANY = [f"b{number}" for number in range(50)]


def test_the_set_is_fixed_and_told_before_anything_is_done(flow: Flow) -> None:
    failed(flow, "a", "b")
    orders = orders_of(flow)
    order = given(orders, What.RETRY, "state:failed")
    assert (order.number, order.sums.briefs, order.sums.states) == (2, 2, {"failed": 2})
    assert (order.sums.to_pay, order.sums.drafts) == (100, 4)
    failed(flow, "late")
    assert log(flow) == [], "nothing was done yet"
    orders.begin(order)
    done = carried_out(orders, order)
    assert (done.state, done.done, done.left) == (State.DONE, 2, 0)
    assert [flow.brief(each).state for each in ("a", "b", "late")] == ["waiting", "waiting", "failed"]
    (told,) = log(flow)
    assert {"what": "retry", "by": "ada", "why": "as it is mended", "briefs": 2}.items() <= told.items()
    assert told["order"] == order.order_id
    assert under_way(flow.client) == []


def test_what_left_its_state_meanwhile_is_refused_and_told(flow: Flow) -> None:
    failed(flow, "a", "b")
    orders = orders_of(flow)
    order = orders.begin(given(orders, What.RETRY, "state:failed"))
    Operator(flow.client, flow.settings, "eve").retry(flow.brief("a"), take_apart([]))
    done = carried_out(orders, order)
    assert (done.done, done.refused) == (1, 1)
    (refused,) = refusals(flow.client, order.order_id)
    assert refused["member"] == "a"
    assert "nothing of it has stopped" in refused["said"]
    assert words(flow, "a") == ["retry"]


def test_two_at_once_do_each_of_them_once(flow: Flow, redis_url: str) -> None:
    failed(flow, *MANY)
    order = orders_of(flow).begin(given(orders_of(flow), What.RETRY, "state:failed"))

    def carry() -> None:
        with connect(redis_url) as client:
            orders = Orders(client, flow.settings)
            carrier = Carrier(orders, "x")
            # Without the right to it, as if it had run out for one that was held up.
            while orders.get(order.order_id).state is State.RUNNING:
                list(carrier.piece(order))

    threads = [threading.Thread(target=carry) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    done = orders_of(flow).get(order.order_id)
    assert (done.state, done.done, done.refused, done.already) == (State.DONE, len(MANY), 0, 0)
    assert all(words(flow, each) == ["retry"] for each in MANY)


def test_a_run_that_was_held_up_does_nothing_once_more(flow: Flow) -> None:
    """The brief has failed again since: it is in the state for it, and was retried by this order before."""
    failed(flow, "a", "b")
    orders = orders_of(flow)
    order = orders.begin(given(orders, What.RETRY, "state:failed"))
    late = Doing(orders, order, 0)
    late.do("a")
    flow.ledger.apply(flow.brief("a"), Transition("failed", fields={"error": "503: try later"}))
    late.do("a")
    assert flow.brief("a").state == "failed"
    assert words(flow, "a") == ["retry"]
    assert orders.get(order.order_id).done == 1


def test_nothing_is_done_before_a_person_says_yes(flow: Flow) -> None:
    failed(flow, "a")
    orders = orders_of(flow)
    Doing(orders, given(orders, What.RETRY, "state:failed"), 0).do("a")
    assert flow.brief("a").state == "failed"


def test_nothing_more_is_done_once_it_is_stopped(flow: Flow) -> None:
    failed(flow, "a", "b")
    orders = orders_of(flow)
    order = orders.begin(given(orders, What.RETRY, "state:failed"))
    held_up = Doing(orders, order, 0)
    held_up.do("a")
    stopped = orders.stop(orders.get(order.order_id), "eve", "wrong ones")
    assert (stopped.state, stopped.done, stopped.ended_by) == (State.STOPPED, 1, "eve")
    held_up.do("b")
    assert not Carrier(orders, "x").step(order.order_id)
    assert [flow.brief(each).state for each in ("a", "b")] == ["waiting", "failed"]
    assert [each["what"] for each in log(flow)] == ["order.stop", "retry"]
    assert orders.stop(stopped, "ada").ended_by == "eve"


def test_whoever_gives_up_half_way_stops_it(flow: Flow) -> None:
    failed(flow, "a", "b")
    orders = orders_of(flow)
    order = orders.begin(given(orders, What.RETRY, "state:failed"))
    by_hand = Carrier(orders, "a command").by_hand(order)
    assert next(by_hand) == "a"
    by_hand.close()
    ended = orders.get(order.order_id)
    assert (ended.state, ended.ended_why) == (State.STOPPED, "it was interrupted")
    assert not flow.client.exists(keys.ORDER_LEFT(order.order_id))


def test_what_is_done_is_not_stopped(flow: Flow) -> None:
    failed(flow, "a")
    orders = orders_of(flow)
    done = carried_out(orders, orders.begin(given(orders, What.RETRY, "state:failed")))
    with pytest.raises(OrderError, match="is done already"):
        orders.stop(done, "eve")


def test_said_twice_it_is_begun_once(flow: Flow) -> None:
    failed(flow, "a")
    orders = orders_of(flow)
    order = given(orders, What.RETRY, "state:failed")
    assert orders.begin(order).begun_at == orders.begin(order).begun_at
    assert len(log(flow)) == 1
    carried_out(orders, order)
    with pytest.raises(OrderError, match="only one that is ready can be begun"):
        orders.begin(order)


def test_batches_are_paused_and_what_is_in_none_is_told_of(flow: Flow) -> None:
    for brief_id, batch in (("a", "autumn"), ("b", "spring"), ("c", None), ("d", "autumn")):
        flow.accept(brief_id=brief_id, **({"batch": batch} if batch else {}))
    orders = orders_of(flow)
    order = given(orders, What.PAUSE, "state:open")
    assert (order.number, order.sums.briefs, order.alone) == (2, 3, 1)
    assert carried_out(orders, orders.begin(order)).done == 2
    paused = {batch: _halted(flow, batch) for batch in ("autumn", "spring")}
    assert all(text is not None and '"by": "ada"' in text for text in paused.values())
    on = orders.begin(given(orders, What.UNPAUSE, "batch:autumn"))
    assert carried_out(orders, on).done == 1
    assert _halted(flow, "autumn") is None
    assert _halted(flow, "spring") is not None


def test_priorities_and_ends_say_what_was_so_already(flow: Flow) -> None:
    for brief_id, priority in (("a", 0), ("b", 7)):
        flow.accept(brief_id=brief_id, priority=priority)
    orders = orders_of(flow)
    order = orders.begin(given(orders, What.UPDATE, "state:open", change=Change(priority=7)))
    done = carried_out(orders, order)
    assert (done.done, done.already) == (1, 1)
    assert flow.brief("a").fields["priority"] == "7"
    order = orders.begin(given(orders, What.CANCEL, "state:open limit:1"))
    assert carried_out(orders, order).done == 1
    assert [flow.brief(each).state for each in ("a", "b")] == ["cancelled", "waiting"]


def test_whoever_may_use_some_accounts_means_no_others(flow: Flow) -> None:
    failed(flow, "a")
    orders = orders_of(flow)
    assert given(orders, What.RETRY, "state:failed", accounts=("other",)).number == 0
    with pytest.raises(OrderError, match="accounts that you may not use"):
        orders.give(What.PAUSE, parse("batch:autumn"), "ada", accounts=("other",))


@pytest.mark.parametrize(
    ("what", "line", "change", "told"),
    [
        (What.CANCEL, "limit:5", None, "say which briefs are meant"),
        (What.UPDATE, "state:open", None, "only the order `update` takes a change"),
        (What.CANCEL, "state:open", Change(priority=5), "only the order `update` takes a change"),
        (What.UPDATE, "state:open", Change(priority=500), "priority"),
    ],
)
def test_what_no_order_may_say_is_refused(
    flow: Flow, what: What, line: str, change: Change | None, told: str
) -> None:
    with pytest.raises(OrderError, match=told):
        orders_of(flow).give(what, parse(line), "ada", change=change)
    assert flow.client.exists(keys.ORDERS()) == 0


def _halted(flow: Flow, batch: str) -> Any:
    return flow.client.hget(keys.BUDGET(batch), "halted")
