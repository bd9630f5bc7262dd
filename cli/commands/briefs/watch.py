"""`identity-worker watch`: the live display of all briefs, or of a batch."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.render.lines import Lines
from cli.shared.opening import open_to_read
from cli.shared.output import USED_WRONGLY, Json, console, fail, print_drawing, print_json
from cli.shared.overview import Snapshot, follow, look, sizes
from config.text import printable

if TYPE_CHECKING:
    import redis


def command(
    batch: Annotated[str | None, typer.Option(metavar="NAME", help="Only the briefs of this batch.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Print what there is now, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Watch the briefs and their accounts until Ctrl-C; outside a terminal, a line for each change."""
    if as_json and not once:
        fail(
            "--json needs --once; `identity-worker events --follow --json` prints what happens", USED_WRONGLY
        )
    title = "identity-worker" if batch is None else printable(f"identity-worker · batch {batch}")
    try:
        with open_to_read() as client:
            if as_json:
                print_json(_facts(look(client, batch, everything=True)))
            elif once:
                _draw(client, batch, title)
            elif sys.stdout.isatty():
                _show(client, batch, title)
            else:
                lines = Lines(typer.echo)
                lines.begin(*sizes(client, batch))
                for snapshot in follow(client, batch):
                    lines.show(snapshot)
    except KeyboardInterrupt:
        # Ctrl-C is how watching is meant to end.
        raise typer.Exit from None


def _draw(client: "redis.Redis", batch: str | None, title: str) -> None:
    # Not at the top: where no terminal is, nobody should wait for the import of rich.
    from cli.render.briefs import draw

    print_drawing(console(), draw(look(client, batch, screen=True), title))


def _show(client: "redis.Redis", batch: str | None, title: str) -> None:
    from cli.render.display import Screen, display

    with display(console(), title) as shown:
        for snapshot in follow(client, batch, screen=isinstance(shown, Screen)):
            shown.show(snapshot)


def _facts(snapshot: Snapshot) -> dict[str, Any]:
    briefs = [brief.facts() for brief in snapshot.briefs]
    return {
        "briefs": briefs,
        "accounts": list(map(asdict, snapshot.accounts)),
        "queued": snapshot.queued,
        "held_back": snapshot.parked,
        "paused": list(snapshot.halted),
    }
