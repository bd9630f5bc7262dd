"""`identity-worker schema`: the JSON Schemas of what is enqueued, and of the settings."""

from typing import Annotated, Literal

import typer

from cli.shared.common import print_json


def command(
    what: Annotated[Literal["brief", "settings"], typer.Argument(help="What to describe.")] = "brief",
) -> None:
    """Print the JSON Schema of a brief, or of the settings in the environment, with their units."""
    if what == "settings":
        from config.settings import schema

        print_json(schema())
    else:
        from worker.briefs import brief

        print_json(brief.schema())
