"""What `identity-worker hooks` does."""

from typing import TYPE_CHECKING, Any

from cli.sending import hooked
from cli.shared.opening import load_settings, open_redis
from cli.shared.options import person
from cli.shared.output import fail, fail_unknown, print_json, say
from config.text import counted, printable
from worker.hooks.describing import facts
from worker.hooks.endpoints import Endpoint
from worker.hooks.keeping import KeptSecretError
from worker.hooks.operating import EndpointError, Endpoints
from worker.hooks.signing import HookSecretError
from worker.hooks.standing import deliveries, standings
from worker.store.folders import FolderError
from worker.views import snapshots

if TYPE_CHECKING:
    import redis

    from config.settings import Settings


def hooks(
    action: str, target: str, given: dict[str, Any], by: str | None, why: str | None, *, as_json: bool
) -> None:
    """List the endpoints, or do something with the one that is meant."""
    values = load_settings()
    with open_redis(values, writes=action not in ("list", "log")) as client:
        if action == "list":
            _list(client, as_json=as_json)
        elif action == "log":
            _log(client, hooked.known(client, target), given["limit"] or 20, as_json=as_json)
        else:
            meant = _described(target, values, given) if action == "add" else hooked.known(client, target)
            _do(client, values, action, meant, by, why, given, as_json=as_json)


def _described(url: str, values: "Settings", given: dict[str, Any]) -> Endpoint:
    """Return the endpoint that `add` is to add."""
    told = ("name", "types", "batch", "account", "secret_env", "secret_file")
    return hooked.described(url, values, *(given[each] for each in told))


def _do(
    client: "redis.Redis",
    values: "Settings",
    action: str,
    endpoint: Endpoint,
    by: str | None,
    why: str | None,
    given: dict[str, Any],
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
        elif action == "change":
            change.change(hooked.changed(endpoint, values, given))
        elif action == "remove":
            change.remove(endpoint)
        else:
            before = (change.pause if action == "pause" else change.unpause)(endpoint)
            told["before"] = None if before is None else before._asdict()
    except (EndpointError, HookSecretError, KeptSecretError, FolderError, OSError) as error:
        fail(str(error))
    brief = given["brief"]
    if action == "resend" and brief and not told["events"] and snapshots.brief(client, brief) is None:
        fail_unknown(client, brief)  # events of a brief that is no longer on record are sent
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
        case "change":
            return f"{endpoint.name} is changed; what waits for it is sent to it as it is now"
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
