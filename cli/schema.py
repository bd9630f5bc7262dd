"""`identity-worker schema brief`: the JSON Schema of what is enqueued."""

from typing import Annotated, Literal

import typer

from cli.common import print_json


def command(
    what: Annotated[Literal["brief"], typer.Argument(help="What to describe.")] = "brief",  # noqa: ARG001
) -> None:
    """Print the JSON Schema of a brief."""
    from worker.briefs import schema

    print_json(schema())
