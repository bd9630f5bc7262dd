"""What is done to all matches of a filter: what is at stake first, then how far it is, and a stop."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from config.text import counted, credits_text
from config.times import format_time
from web.page.views.brief import address
from web.page.visiting.errors import PageError, not_found, wrong
from web.page.visiting.view import View
from web.page.visiting.visit import Visit
from worker.callers.tokens import HIGHEST, Role
from worker.operations.updating import Change
from worker.orders.carrying import Carrier
from worker.orders.order import Order, OrderError, What, refusals, under_way
from worker.orders.orders import Orders
from worker.selection.filter import OPEN, FilterError
from worker.selection.language import parse

#: Seconds of a request in which an order is collected or carried out: a small one is over by then, and what
#: is left of a large one `web` does meanwhile.
_SECONDS = 0.7
_WORDS = {What.PAUSE: "pause the batches of", What.UNPAUSE: "let the batches go on of"}


@dataclass(frozen=True)
class Shown:
    """An order as it is shown."""

    order: Order
    what: str
    address: str
    filter_address: str
    said: str
    """By whom, when."""
    number: str
    stakes: list[str]
    counts: list[str]
    refused: list[tuple[str, str, str]]


def _give(visit: Visit) -> Response:
    form, orders = visit.form, Orders(visit.client, visit.settings)
    try:
        what = What(form.one_of("what", What))
        wanted = parse(form.text("filter"))
        if not wanted.state and what is not What.RETRY:
            wanted = parse(f"{form.text('filter')} state:{OPEN}")
        change = Change(priority=_priority(visit)) if what is What.UPDATE else None
        order = orders.give(
            what, wanted, visit.by, form.text("why") or None, change=change, accounts=visit.caller.accounts
        )
    except (FilterError, OrderError) as error:
        raise wrong(str(error)) from None
    _push(visit, orders, order.order_id)
    return visit.go_to(_address(order))


def _priority(visit: Visit) -> int:
    return visit.form.whole("priority", -HIGHEST, visit.caller.priority)


def _begin(visit: Visit) -> Response:
    def begin(orders: Orders, order: Order) -> None:
        orders.begin(order)
        _push(visit, orders, order.order_id)

    return _act(visit, begin)


def _stop(visit: Visit) -> Response:
    return _act(visit, lambda orders, order: orders.stop(order, visit.by, visit.form.text("why") or None))


def _act(visit: Visit, act: Callable[[Orders, Order], object]) -> Response:
    orders = Orders(visit.client, visit.settings)
    order = _seen(visit, orders, visit.form.text("order"))
    try:
        act(orders, order)
    except OrderError as error:
        raise PageError(HTTPStatus.CONFLICT, f"{error}.") from None
    return visit.go_to(_address(order))


def _push(visit: Visit, orders: Orders, order_id: str) -> None:
    """Do some of an order at once, and leave the rest to this process's watch, or to another's."""
    carrier, end = Carrier(orders, secrets.token_hex(8)), monotonic() + _SECONDS
    try:
        while carrier.step(order_id) and monotonic() < end:
            pass
    finally:
        carrier.let_go(order_id)
        visit.carry_on()


def _seen(visit: Visit, orders: Orders, order_id: str) -> Order:
    try:
        order = orders.get(order_id)
    except OrderError as error:
        raise not_found("order of this id") from error
    may = visit.caller.accounts
    if may and not (order.accounts and set(order.accounts) <= set(may)):
        raise not_found("order of this id that you may see")
    return order


def _show(visit: Visit) -> Response:
    return visit.page("order.html", **_values(visit, visit.request.path_params["order"]))


def _part(visit: Visit) -> Response:
    return visit.part("order_part.html", **_values(visit, visit.request.query_params.get("order", "")))


def _values(visit: Visit, order_id: str) -> dict[str, Any]:
    order = _seen(visit, Orders(visit.client, visit.settings), order_id)
    return {"shown": _shown(visit, order), "others": _others(visit, order)}


def _others(visit: Visit, order: Order) -> list[tuple[str, str]]:
    """Return the other orders under way: two at once may be for the same briefs."""
    if visit.caller.accounts:
        return []
    others = (each for each in under_way(visit.client) if each.order_id != order.order_id)
    return [(_address(each), f"{each.what} by {each.by}: {each.filter}") for each in others]


def _shown(visit: Visit, order: Order) -> Shown:
    refused = refusals(visit.client, order.order_id) if order.refused else []
    return Shown(
        order=order,
        what=_what(order),
        address=_address(order),
        filter_address=f"/briefs?{urlencode({'filter': order.filter})}",
        said=f"{order.by}, {format_time(order.at)}" + (f": {order.why}" if order.why else ""),
        number=_number(order),
        stakes=_stakes(order),
        counts=_counts(order),
        refused=[(each["member"], address(each["member"]), each["said"]) for each in refused],
    )


def _what(order: Order) -> str:
    if order.change is not None:
        return "update" if order.change.priority is None else f"give priority {order.change.priority}"
    return _WORDS.get(order.what, order.what)


def _number(order: Order) -> str:
    if order.what.is_of_batches:
        number = counted(order.number, "batch", "batches")
        return f"{number}, with {counted(order.sums.briefs, 'brief')} that match"
    return counted(order.number, "brief")


def _stakes(order: Order) -> list[str]:
    sums = order.sums
    states = ", ".join(f"{number} {state}" for state, number in sums.states.most_common())
    told = [states] if states else []
    told += [f"{credits_text(sums.paid)} credits paid so far"]
    if order.what is What.RETRY:
        drafts = f" and the price of {counted(sums.drafts, 'draft')}" if sums.drafts else ""
        told += [f"at least {credits_text(sums.to_pay)} more{drafts} to pay"]
    if order.what.is_of_batches:
        told += ["a batch is paused with all of its briefs, those that do not match as well"]
        told += [f"{counted(order.alone, 'brief')} in no batch left out"] if order.alone else []
    return told


def _counts(order: Order) -> list[str]:
    told = [f"{order.done} done"]
    told += [f"{order.already} so already"] if order.already else []
    told += [f"{order.refused} refused"] if order.refused else []
    told += [f"stopped by {order.ended_by}"] if order.ended_by else []
    return told + ([order.ended_why] if order.ended_why else [])


def _address(order: Order) -> str:
    return f"/orders/{order.order_id}"


VIEWS = (
    View("/order/part", _part),
    View("/order/give", _give, role=Role.OPERATOR, writes=True),
    View("/order/begin", _begin, role=Role.OPERATOR, writes=True),
    View("/order/stop", _stop, role=Role.OPERATOR, writes=True),
    View("/orders/{order}", _show),
)
