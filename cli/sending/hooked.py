"""What `hooks` is given and shows: endpoints as described, which events are meant, the lines of its lists."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cli.shared.output import USED_WRONGLY, fail
from config.text import counted, printable
from config.times import format_duration, format_time
from worker.hooks import describing, operating
from worker.hooks.describing import HookFieldError, Said
from worker.hooks.endpoints import Endpoint, endpoints
from worker.hooks.standing import Standing

if TYPE_CHECKING:
    import redis

    from config.settings import Settings


def described(
    url: str,
    settings: "Settings",
    name: str | None,
    types: Sequence[str] | None,
    batches: Sequence[str] | None,
    accounts: Sequence[str] | None,
    secret_env: str | None,
    secret_file: Path | None,
) -> Endpoint:
    """Return an endpoint as it was described; end the command where it can't be one."""
    place = None if secret_file is None else str(secret_file.absolute())
    said = Said(url, name, types or (), batches or (), accounts or (), secret_env, place)
    try:
        return describing.described(said, settings)
    except HookFieldError as error:
        _fail(error)


def changed(before: Endpoint, settings: "Settings", given: dict[str, Any]) -> Endpoint:
    """Return an endpoint as it is to be; end the command where it can't be so."""
    new = tuple(given[name] or None for name in ("url", "types", "batch", "account"))
    if new == (None,) * len(new):
        fail("say what is to change: --url, --types, --batch, --account", USED_WRONGLY)
    try:
        return describing.changed(before, settings, *new)
    except HookFieldError as error:
        _fail(error)


def _fail(error: HookFieldError) -> NoReturn:
    """End the command: the field is an option of it, but for the URL."""
    option = f"--{error.field.replace('_', '-')}"
    value = "" if error.value is None else f" {printable(error.value)!r}"
    fail(error.rule if error.field == "url" else f"{option}{value}: {error.rule}", USED_WRONGLY)


def known(client: "redis.Redis", name: str) -> Endpoint:
    """Return the endpoint of this name; end the command where there is none."""
    found = endpoints(client)
    if name not in found:
        fail(
            f"no endpoint is called {printable(name)!r}; there are: {', '.join(found) or 'none'}",
            USED_WRONGLY,
        )
    return found[name]


def overlap_ms(given: object) -> int:
    """Return for how long two secrets sign; end the command where that is no length of time."""
    try:
        return describing.overlap_ms(None if given is None else str(given))
    except HookFieldError as error:
        _fail(error)


def again(
    client: "redis.Redis", name: str, given: dict[str, Any]
) -> Callable[["redis.Redis"], Iterator[operating.Told]]:
    """Return which events of a shard are sent again; end the command unless they are told in one way."""
    since, brief, failed = given["since"], given["brief"], given["failed"]
    if sum(map(bool, (since, brief, failed))) != 1:
        fail("say what is sent again, in one way of: --since WHEN, --brief BRIEF, --failed", USED_WRONGLY)
    try:
        return describing.again(client, name, since=since, brief=brief, failed=failed)
    except HookFieldError as error:
        _fail(error)


def line(standing: Standing, now: int) -> str:
    """Return how an endpoint fares as a line."""
    endpoint = standing.endpoint
    if standing.pause is not None:
        state = standing.pause
    elif standing.failing_since is not None:
        state = f"takes nothing for {format_duration(now - standing.failing_since)}: {standing.error}"
    elif standing.taken_at is not None:
        state = f"took the last one {format_duration(now - standing.taken_at)} ago"
    else:
        state = "was sent nothing yet"
    numbers = [counted(standing.taken, "taken", "taken"), counted(standing.waiting, "waits", "wait")]
    numbers += [f"{standing.given_up} given up"] * bool(standing.given_up)
    numbers += [f"{standing.lost} no longer on the stream"] * bool(standing.lost)
    only = [*endpoint.types, *(f"batch {each}" for each in endpoint.batches)]
    only += [f"account {each}" for each in endpoint.accounts]
    return (
        f"{endpoint.name}  {endpoint.host}  {', '.join(only) or 'all events'}  {', '.join(numbers)}; {state}"
    )


def log_line(entry: dict[str, Any]) -> str:
    """Return a delivery as a line."""
    came = entry["error"] or f"answered {entry['status']}"
    tries = f", try {entry['try']}" if entry["try"] > 1 else ""
    return (
        f"{format_time(entry['at'])}  {entry['entry']}  {entry['type']}  {entry['id']}  "
        f"{entry['outcome'].replace('_', ' ')}: {came} ({entry['ms']} ms{tries})"
    )
