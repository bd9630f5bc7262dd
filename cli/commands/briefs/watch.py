"""`identity-worker watch`: the live display of all briefs, or of a batch."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.render.briefs import draw
from cli.render.display import Screen, display
from cli.shared.opening import open_to_read
from cli.shared.output import USED_WRONGLY, Json, console, fail, print_drawing, print_json
from cli.shared.overview import Snapshot, follow, look
from config.text import printable


def command(
    batch: Annotated[str | None, typer.Option(metavar="NAME", help="Only the briefs of this batch.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Print what there is now, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Watch the briefs and their accounts until Ctrl-C; on no terminal, each change of a state is a line."""
    if as_json and not once:
        fail(
            "--json needs --once; `identity-worker events --follow --json` prints what happens", USED_WRONGLY
        )
    to = console()
    title = "identity-worker" if batch is None else printable(f"identity-worker · batch {batch}")
    try:
        with open_to_read() as client:
            if as_json:
                print_json(_facts(look(client, batch, everything=True)))
            elif once:
                print_drawing(to, draw(look(client, batch, screen=True), title))
            else:
                with display(to, title) as shown:
                    is_screen = isinstance(shown, Screen)
                    for snapshot in follow(client, batch, screen=is_screen):
                        shown.show(snapshot)
    except KeyboardInterrupt:
        # Ctrl-C is how watching is meant to end.
        raise typer.Exit from None


def _facts(snapshot: Snapshot) -> dict[str, Any]:
    briefs = [brief.facts() for brief in snapshot.briefs]
    return {"briefs": briefs, "accounts": list(map(asdict, snapshot.accounts))}
