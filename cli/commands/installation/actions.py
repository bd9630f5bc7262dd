"""`identity-worker actions`: who did what to briefs, batches and accounts, and why."""

from typing import Annotated, Any

import typer

from cli.shared.opening import open_to_read
from cli.shared.output import USED_WRONGLY, Json, fail, print_json, say
from config.text import printable
from config.times import format_time
from worker.operations import actions

#: What each line begins with; what else an action tells follows.
_FIRST = ("at", "what", "by", "why")


def command(
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=actions.KEPT, help="At most so many.")] = 20,
    after: Annotated[
        str | None,
        typer.Option(metavar="CURSOR", help="Only actions before this cursor, printed at the end of a page."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who did what, when and why, the latest first, by page, HTTP and command line.

    Actions are: retry, cancel, update, resolve, pick; limits, pauses; tokens, endpoints of webhooks, orders.
    """
    with open_to_read() as client:
        try:
            found = actions.page(client, limit, after)
        except actions.CursorError as error:
            fail(str(error), USED_WRONGLY)
    if as_json:
        print_json([each.action for each in found])
        return
    for each in found:
        say(printable(_line(each.action)))
    if len(found) == limit:
        say(f"--after {found[-1].cursor} lists those before these")
    if not found and after is None:
        typer.echo("Nobody has done anything to briefs, batches or accounts.")


def _line(action: dict[str, Any]) -> str:
    told = {name: value for name, value in action.items() if name not in _FIRST and value is not None}
    more = ", ".join(f"{name} {value}" for name, value in told.items())
    why = f" ({action['why']})" if action["why"] else ""
    return f"{format_time(action['at'])}  {action['by']}: {action['what']}{why}; {more}"
