"""`identity-worker orders`: how far commands for many briefs are; they are stopped here, or carried on."""

from typing import Annotated

import typer

from cli.shared.options import By, Why
from cli.shared.output import USED_WRONGLY, Json, fail


def command(
    order_id: Annotated[str | None, typer.Argument(metavar="[ORDER]", help="The order's id.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Do nothing more of it; what is done stays.")] = False,
    go_on: Annotated[
        bool, typer.Option("--go-on", help="Carry it out here, to its end, where nobody does.")
    ] = False,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Tell how far commands are that were given for many briefs, here or on the page; stop one, or go on.

    Their briefs are fixed before they begin, and each is changed once. `web` and listeners carry on what
    somebody was killed at. Without an ORDER those under way are listed; `actions` names earlier ones.
    """
    if (stop or go_on) and (order_id is None or (stop and go_on)):
        fail("--stop and --go-on are for one ORDER, and not both at once", USED_WRONGLY)
    # Not at the top: the help should not wait for its import.
    from cli.doing import orders

    orders.orders(order_id, by, why, stop=stop, go_on=go_on, as_json=as_json)
