"""`identity-worker healthy`: whether a process of this container lives, for probes."""

from typing import Annotated, Literal

import typer

from cli.shared.opening import open_to_read
from cli.shared.output import Json, fail, print_json, say
from config.text import counted

#: What a process signs in as.
_Role = Literal["worker", "listener", "web", "archive", "deliver"]


def command(
    role: Annotated[
        _Role | None,
        typer.Option(metavar="ROLE", help="Of one kind alone: worker, listener, web, archive or deliver."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say whether a process of this machine, or container, has given a sign of life to Redis.

    Ends with 1 if none has within five seconds. It is made for the probes of containers, which run it beside
    the process.
    """
    # Not at the top: the help should not wait for the import of redis-py.
    from worker.views.signs_of_life import of_this_machine

    with open_to_read() as client:
        found = of_this_machine(client)
    alive = {name: number for name, number in found.items() if role in (None, name)}
    if as_json:
        print_json(alive)
    elif any(alive.values()):
        say(", ".join(counted(number, name) for name, number in alive.items() if number))
    if not any(alive.values()):
        what = role or "process"
        fail(f"no {what} of this machine has given a sign of life to this Redis within five seconds")
