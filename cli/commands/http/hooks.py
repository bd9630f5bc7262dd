"""`identity-worker hooks`: the endpoints that events are sent to as webhooks, and what was sent to them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.sending import hooked
from cli.shared.acting import Why
from cli.shared.opening import load_settings, open_redis
from cli.shared.options import By, person
from cli.shared.output import USED_WRONGLY, Json, fail, print_json, say
from config.text import counted, printable
from worker.hooks.describing import facts
from worker.hooks.endpoints import Endpoint
from worker.hooks.keeping import KeptSecretError
from worker.hooks.operating import EndpointError, Endpoints
from worker.hooks.signing import HookSecretError
from worker.hooks.standing import deliveries, standings
from worker.store.folders import FolderError

if TYPE_CHECKING:
    import redis

    from config.settings import Settings

#: The options that an action takes beside those of all.
_TAKES = {
    "add": {"name", "types", "batch", "account", "secret_env", "secret_file"},
    "resend": {"since", "brief", "failed"},
    "secret": {"overlap"},
    "log": {"limit"},
}
_Many = list[str] | None


def command(
    action: Annotated[
        Literal["list", "add", "remove", "pause", "unpause", "secret", "resend", "log"],
        typer.Argument(help="What to do."),
    ] = "list",
    target: Annotated[
        str | None, typer.Argument(metavar="[URL|NAME]", help="With add its URL, else the endpoint's name.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="add: its name, else its host.")] = None,
    types: Annotated[
        _Many, typer.Option(metavar="TYPE", help="add: types of events, as identity.brief.*; else all.")
    ] = None,
    batch: Annotated[_Many, typer.Option(metavar="NAME", help="add: of these batches alone.")] = None,
    account: Annotated[_Many, typer.Option(metavar="NAME", help="add: of these accounts alone.")] = None,
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
    """List, add, remove, pause the endpoints that `deliver` sends events to; change a secret; send again.

    `hooks add` makes a secret and prints it once; it stands in a file of IDENTITY_WORKER_SECRETS_DIR, which
    each machine with a deliverer needs. `hooks secret` makes it anew; the old one signs for a while longer.
    """
    given: dict[str, object] = {
        "name": name,
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
    values = load_settings()
    with open_redis(values, writes=action not in ("list", "log")) as client:
        if action == "list":
            _list(client, as_json=as_json)
        elif action == "add":
            added = hooked.described(
                target or "", values, name, types, batch, account, secret_env, secret_file
            )
            _do(client, values, action, added, by, why, given, as_json=as_json)
        elif action == "log":
            _log(client, hooked.known(client, target or ""), limit or 20, as_json=as_json)
        else:
            _do(client, values, action, hooked.known(client, target or ""), by, why, given, as_json=as_json)


def _do(
    client: "redis.Redis",
    values: "Settings",
    action: str,
    endpoint: Endpoint,
    by: str | None,
    why: str | None,
    given: dict[str, object],
    *,
    as_json: bool,
) -> None:
    """Change an endpoint, and say what came of it."""
    change = Endpoints(client, values, person(by), why)
    told: dict[str, Any] = {"endpoint": endpoint.name, "did": action}
    try:
        if action == "add":
            told |= {"url": endpoint.url, "secret": change.add(endpoint)}
        elif action == "secret":
            told["secret"] = change.rotate(endpoint, hooked.overlap_ms(given["overlap"]))
        elif action == "resend":
            told["events"] = change.resend(endpoint, hooked.again(client, endpoint.name, given))
        elif action == "remove":
            change.remove(endpoint)
        else:
            before = (change.pause if action == "pause" else change.unpause)(endpoint)
            told["before"] = None if before is None else before._asdict()
    except (EndpointError, HookSecretError, KeptSecretError, FolderError, OSError) as error:
        fail(str(error))
    if as_json:
        print_json(told)
    else:
        say(printable(_said(action, endpoint, told)))


def _said(action: str, endpoint: Endpoint, told: dict[str, Any]) -> str:
    secret = told.get("secret")
    match action:
        case "add":
            signed = f"; its messages are signed with {secret}, told this once" if secret else ""
            return f"{endpoint.name} is told of what comes from now on{signed}"
        case "secret":
            return f"{endpoint.name} is signed with {secret} from now on, told this once"
        case "resend":
            return f"{counted(told['events'], 'event is', 'events are')} sent to {endpoint.name} again"
        case "remove":
            return f"{endpoint.name} is removed"
        case "pause":
            return f"{endpoint.name} is paused"
    return f"{endpoint.name} goes on" if told["before"] else f"{endpoint.name} was not paused"


def _list(client: "redis.Redis", *, as_json: bool) -> None:
    now, found = standings(client)
    if as_json:
        print_json([facts(each) for each in found])
        return
    for each in found:
        say(printable(hooked.line(each, now)))
    if not found:
        say("There is no endpoint. `identity-worker hooks add URL` adds one.")


def _log(client: "redis.Redis", endpoint: Endpoint, limit: int, *, as_json: bool) -> None:
    found = deliveries(client, endpoint.name, limit)
    if as_json:
        print_json(found)
        return
    for each in found:
        say(printable(hooked.log_line(each)))
    if not found:
        say(f"Nothing was sent to {endpoint.name} yet.")
