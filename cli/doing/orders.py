"""What `identity-worker orders` does."""

import secrets

from cli.shared.opening import load_settings, open_redis
from cli.shared.options import person
from cli.shared.output import fail, print_json, say
from config.text import counted, printable
from config.times import format_time
from worker.orders.carrying import Carrier
from worker.orders.order import Order, OrderError, State, refusals, under_way
from worker.orders.orders import Orders


def orders(
    order_id: str | None, by: str | None, why: str | None, *, stop: bool, go_on: bool, as_json: bool
) -> None:
    """Tell of the orders under way, or of one, which is stopped or carried on first."""
    values = load_settings()
    with open_redis(values, writes=stop or go_on) as client:
        found_in = Orders(client, values)
        if order_id is None:
            _list(under_way(client), as_json=as_json)
            return
        try:
            found = found_in.get(order_id)
            if stop:
                found = found_in.stop(found, person(by), why)
            elif go_on:
                found = _carried_on(found_in, found)
        except OrderError as error:
            fail(printable(error))
        told = refusals(client, order_id)
    if as_json:
        print_json(found.facts() | {"refusals": told})
        return
    say(printable(_line(found)))
    for each in told:
        say(printable(f"  {each['member']}: {each['said']}"))


def _carried_on(orders: Orders, order: Order) -> Order:
    carrier = Carrier(orders, secrets.token_hex(8))
    if order.state is State.READY:
        raise OrderError(f"order {order.order_id} was not begun: its set is fixed, and nobody has said yes")
    try:
        while carrier.step(order.order_id):
            pass
    except KeyboardInterrupt:
        carrier.let_go(order.order_id)
        found = orders.get(order.order_id)
        told = "--stop ends it, --go-on carries it on, and so does web or a listener"
        raise OrderError(f"interrupted: {_line(found)}; {told}") from None
    found = orders.get(order.order_id)
    if found.state is State.RUNNING:
        raise OrderError(
            f"order {order.order_id} is being carried out by another process; half a minute "
            "after that process ends, this command can go on with it"
        )
    return found


def _list(found: list[Order], *, as_json: bool) -> None:
    if as_json:
        print_json([order.facts() for order in found])
        return
    for order in found:
        say(printable(_line(order)))
    if not found:
        say("No order is under way.")


def _line(order: Order) -> str:
    what = "batches" if order.what.is_of_batches else "briefs"
    said = f"{order.order_id}  {order.what} by {order.by}, {format_time(order.at)}: {order.state}"
    is_looked_for = order.state is State.COLLECTING
    parts = [f"{order.number} found so far" if is_looked_for else f"{order.past} of {order.number} {what}"]
    parts += [f"{order.already} were so already"] if order.already else []
    parts += [f"{counted(order.refused, 'was', 'were')} refused"] if order.refused else []
    parts += [f"stopped by {order.ended_by}"] if order.ended_by else []
    parts += [order.ended_why] if order.ended_why else []
    return f"{said}; {', '.join(parts)}; {order.filter}"
