"""`identity-worker schema`: the JSON Schemas of what is enqueued, of the events, and of the settings."""

from typing import Annotated, Literal

import typer

from cli.shared.output import print_json


def command(
    what: Annotated[
        Literal["brief", "events", "settings"],
        typer.Argument(metavar="[WHAT]", help="brief, events or settings."),
    ] = "brief",
) -> None:
    """Print the JSON Schema of a brief, of the data of each event, or of the settings, with their units."""
    if what == "settings":
        from config.settings import schema

        print_json(schema())
    elif what == "events":
        from worker.views.event_schemas import schemas

        print_json(schemas())
    else:
        from worker.briefs import brief

        print_json(brief.schema())
