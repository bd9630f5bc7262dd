"""`identity-worker hooks`: the endpoints that events are sent to as webhooks, and what was sent to them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.shared.options import By, Why
from cli.shared.output import USED_WRONGLY, Json, fail

#: The options that an action takes beside those of all.
_TAKES = {
    "add": {"name", "types", "batch", "account", "secret_env", "secret_file"},
    "change": {"url", "types", "batch", "account"},
    "resend": {"since", "brief", "failed"},
    "secret": {"overlap"},
    "log": {"limit"},
}
_Many = list[str] | None


def command(
    action: Annotated[
        Literal["list", "add", "change", "remove", "pause", "unpause", "secret", "resend", "log"],
        typer.Argument(
            metavar="[ACTION]", help="list, add, change, remove, pause, unpause, secret, resend or log."
        ),
    ] = "list",
    target: Annotated[
        str | None, typer.Argument(metavar="[URL|NAME]", help="With add its URL, else the endpoint's name.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="add: its name, else its host.")] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="change: where it is.")] = None,
    types: Annotated[
        _Many,
        typer.Option(metavar="TYPE", help="add, change: types of events, as identity.brief.*; else all."),
    ] = None,
    batch: Annotated[_Many, typer.Option(metavar="NAME", help="add, change: of these batches alone.")] = None,
    account: Annotated[
        _Many, typer.Option(metavar="NAME", help="add, change: of these accounts alone.")
    ] = None,
    secret_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="add: the variable that holds its secret.")
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="add: the file that holds its secret.")
    ] = None,
    overlap: Annotated[
        str | None, typer.Option(metavar="TIME", help="secret: the one before signs for so long, else 1d.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="resend: from an entry, an age (2h) or a date on.")
    ] = None,
    brief: Annotated[str | None, typer.Option(metavar="BRIEF", help="resend: the events of a brief.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="resend: what was given up.")] = False,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="log: so many, else 20.")] = None,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """List, add, change, remove or pause the endpoints that `deliver` sends events to; renew a secret;
    resend.

    `hooks add` makes a secret and prints it once. It is kept in a file of IDENTITY_WORKER_SECRETS_DIR, which
    each machine with a deliverer needs. `hooks secret` makes a new one; the old one signs beside it for a
    while.
    """
    given: dict[str, object] = {
        "name": name,
        "url": url,
        "types": types,
        "batch": batch,
        "account": account,
        "secret_env": secret_env,
        "secret_file": secret_file,
        "overlap": overlap,
        "since": since,
        "brief": brief,
        "failed": failed,
        "limit": limit,
    }
    for option in sorted(name for name, value in given.items() if value):
        if option not in _TAKES.get(action, set()):
            fail(f"`hooks {action}` takes no --{option.replace('_', '-')}", USED_WRONGLY)
    if (target is None) != (action == "list"):
        fail("`hooks add` needs a URL, `hooks list` nothing, and all others a name", USED_WRONGLY)
    # Not at the top: the help should not wait for its import.
    from cli.doing import hooking

    hooking.hooks(action, target or "", given, by, why, as_json=as_json)
