"""Commands that change many briefs by a filter: what is at stake first, then a word, then each by itself."""

import secrets
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import typer

from cli.shared import progress
from cli.shared.acting import Order
from cli.shared.filtering import LOOKING
from cli.shared.output import USED_WRONGLY, fail, print_json, say
from config.text import counted, credits_text, printable
from worker.operations.stakes import Stakes, stakes
from worker.operations.updating import Change
from worker.orders.carrying import LOOK_AGAIN, Carrier
from worker.orders.collecting import FITS, to_look_at
from worker.orders.order import Order as Ordered
from worker.orders.order import OrderError, State, What
from worker.orders.orders import Orders
from worker.selection.filter import Filter
from worker.selection.language import written
from worker.selection.selecting import select

if TYPE_CHECKING:
    import redis

    from config.settings import Settings


class Meant(NamedTuple):
    """The briefs that a command is for, by their ids as they come, and the order if it is for many."""

    ids: Iterator[str]
    order: Ordered | None = None
    orders: Orders | None = None

    @property
    def order_id(self) -> str | None:
        """The id of the order, None of a command for one brief."""
        return None if self.order is None else self.order.order_id


def announced(
    client: "redis.Redis",
    settings: "Settings",
    wanted: Filter,
    order: Order,
    cost: Callable[[Stakes], str],
    *,
    change: Change | None = None,
    dead_letters: int | None = None,
) -> Meant:
    """Tell what is at stake, put the command on record, and return the briefs that it is for.

    `dead_letters` is how many of these it is for as well, None where it is for none. Ends the command of a
    dry run, where nothing is meant, and where a person says no, or Ctrl-C, before it has begun. The set is
    fixed before anything is told; should the command be killed, `web` or a listener does the rest.
    """
    progress.show(LOOKING)
    if not wanted.chooses:
        fail(
            "--limit and --after only cut into pages: say which briefs are meant, as --state open",
            USED_WRONGLY,
        )
    what = What(order.what)
    if order.dry_run:
        looked_at = select(client, to_look_at(what, wanted))
        sums = stakes(each.brief for each in looked_at if FITS[what](each.brief))
        if not sums.briefs:
            _check_any(client, wanted, dead_letters)
        _print_dry(wanted, sums, order, cost(sums), dead_letters)
        raise typer.Exit
    _check_any(client, wanted, dead_letters)
    orders = Orders(client, settings)
    try:
        given = orders.give(what, wanted, order.by, order.why, change=change)
    except OrderError as error:
        fail(printable(f"{error}; nothing was changed"))
    try:
        return _begun(orders, given, order, cost, dead_letters)
    except OrderError as error:
        fail(printable(f"{error}; {_changed(orders, given)}"))


def _begun(
    orders: Orders, given: Ordered, order: Order, cost: Callable[[Stakes], str], dead_letters: int | None
) -> Meant:
    """Fix the set of an order, tell what is at stake, and begin it. Raises OrderError."""
    carrier = Carrier(orders, secrets.token_hex(8))
    try:
        given = _collected(orders, carrier, given)
        if not given.number and not dead_letters:
            orders.stop(given, order.by)
            return Meant(iter(()))
        _ask(given.sums, order, _told(given.sums, order, cost(given.sums), dead_letters))
        # Before it is begun: else a listener would do some of it, and nothing would be told here of these.
        carrier.take(given.order_id)
        begun = orders.begin(given, dead_letters=dead_letters or 0)
    except typer.Abort:
        orders.stop(given, order.by)
        fail(f"aborted: {_changed(orders, given)}")
    except KeyboardInterrupt:
        orders.stop(given, order.by, "it was interrupted")
        fail(f"interrupted: {_changed(orders, given)}")
    return Meant(carrier.by_hand(begun), begun, orders)


def _changed(orders: Orders, given: Ordered) -> str:
    """Return in words what was changed by an order that somebody else may have begun, as on the page."""
    try:
        found = orders.get(given.order_id)
    except OrderError:  # dropped
        return "`identity-worker actions` tells whether it was begun"
    if found.begun_at is None:
        return "nothing was changed"
    return f"it was begun, with {counted(found.past, 'brief')} done"


@contextmanager
def carried(meant: Meant) -> Iterator[Iterator[str]]:
    """Yield the briefs that a command is for; Ctrl-C stops it, and a person is told how far it is."""
    try:
        yield meant.ids
    except KeyboardInterrupt:
        orders, order = meant.orders, meant.order
        if orders is None or order is None:
            raise
        if isinstance(meant.ids, Generator):
            meant.ids.close()  # which stops the order, where the first brief was asked for
        with suppress(OrderError):
            orders.stop(order, order.by, "it was interrupted")
        past = orders.get(order.order_id).past
        told = f"{past} of {counted(order.number, 'brief')} {'is' if past == 1 else 'are'} done"
        fail(f"interrupted: {told}; the same command does the rest")


def _check_any(client: "redis.Redis", wanted: Filter, dead_letters: int | None) -> None:
    """End the command where it is for no dead letters and no brief is meant, whatever its state."""
    if dead_letters is None and next(select(client, wanted), None) is None:
        fail(f"no brief on record matches {printable(written(wanted))}")


def _collected(orders: Orders, carrier: Carrier, given: Ordered) -> Ordered:
    """Return an order whose set is fixed: here, or by a process that has begun to collect it first.

    Raises OrderError of one that somebody has stopped.
    """
    while True:
        while carrier.step(given.order_id):
            pass
        found = orders.get(given.order_id)
        if found.state is State.STOPPED:
            raise OrderError(f"order {given.order_id} was stopped by {found.ended_by}")
        if found.state is not State.COLLECTING:
            return found
        time.sleep(LOOK_AGAIN)  # should the other one die, its right to it ends


def _ask(sums: Stakes, order: Order, told: str) -> None:
    progress.wipe()
    if not order.as_json:
        typer.echo(told, err=True)
        if not order.yes and sys.stdin.isatty() and sys.stderr.isatty():
            typer.confirm(f"{order.what} {'it' if sums.briefs == 1 else 'them'}?", abort=True, err=True)


def _print_dry(wanted: Filter, sums: Stakes, order: Order, cost: str, dead_letters: int | None) -> None:
    if order.as_json:
        also = {} if dead_letters is None else {"dead_letters": dead_letters}
        print_json({"filter": written(wanted), **vars(sums), **also})
    elif sums.briefs or dead_letters:
        say(f"{_told(sums, order, cost, dead_letters)}; nothing was changed")
    else:
        say("Nothing was to be done: none of these is in a state for it.")


def _told(sums: Stakes, order: Order, cost: str, dead_letters: int | None) -> str:
    states = ", ".join(f"{number} {state}" for state, number in sums.states.most_common())
    briefs = counted(sums.briefs, "brief") + (f" ({states})" if states else "")
    also = f" and {counted(dead_letters, 'dead letter')}" if dead_letters else ""
    return f"{order.what}: {briefs}{also}; {cost}"


def paid_so_far(sums: Stakes) -> str:
    """Return what was paid for briefs, in words."""
    return f"{credits_text(sums.paid)} credits paid so far"


def still_to_pay(sums: Stakes) -> str:
    """Return what briefs that go on may still cost, in words."""
    unpriced = [counted(sums.drafts, "draft")] if sums.drafts else []
    unpriced += [counted(sums.descriptions, "description")] if sums.descriptions else []
    more = f" and the price of {' and '.join(unpriced)}" if unpriced else ""
    return f"{paid_so_far(sums)}, at least {credits_text(sums.to_pay)} more{more} to pay"
