"""`identity-worker orders`: how far commands for many briefs are; they are stopped here, or carried on."""

from typing import Annotated

import typer

from cli.shared.options import By, Why
from cli.shared.output import USED_WRONGLY, Json, fail


def command(
    order_id: Annotated[str | None, typer.Argument(metavar="[ORDER]", help="The order's id.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Stop it; what is done stays done.")] = False,
    go_on: Annotated[
        bool, typer.Option("--go-on", help="Carry it out here to its end, if no other process does.")
    ] = False,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Show how far commands for many briefs are, typed or from the page; stop one, or go on with it.

    Which briefs they change is fixed before they begin, and each brief is changed once. If a command is
    killed, `web` or a listener carries it on. Without an ORDER those under way are listed; `actions` names
    earlier ones.
    """
    if (stop or go_on) and (order_id is None or (stop and go_on)):
        fail("--stop and --go-on are for one ORDER, and not both at once", USED_WRONGLY)
    # Not at the top: the help should not wait for its import.
    from cli.doing import orders

    orders.orders(order_id, by, why, stop=stop, go_on=go_on, as_json=as_json)
