"""What `hooks` is given and shows: endpoints as described, which events are meant, the lines of its lists."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.shared.output import USED_WRONGLY, fail
from config.text import counted, nearest, printable
from config.times import format_duration, format_time, redis_ms
from worker.hooks import operating
from worker.hooks.addresses import HookUrlError, parse
from worker.hooks.endpoints import NAME, NAME_RULE, Endpoint, endpoints
from worker.hooks.standing import Standing
from worker.ledger.events import CATALOGUE
from worker.selection.moments import MOMENT_RULE, duration, moment
from worker.views import snapshots

if TYPE_CHECKING:
    import redis

    from config.settings import Settings

#: For which a secret signs after it was made anew, unless told otherwise.
_OVERLAP = "1d"
_ENTRY = re.compile(r"\d+-\d+")


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
    try:
        host = parse(url, private=settings.hooks_private).host.decode()
    except HookUrlError as error:
        fail(str(error), USED_WRONGLY)
    if secret_env is not None and secret_file is not None:
        fail("--secret-env and --secret-file: a secret stands in one place", USED_WRONGLY)
    called = host.strip("[]").replace(":", "-")[:64] if name is None else name
    if not NAME.fullmatch(called):
        fail(f"--name {printable(called)!r}: must be {NAME_RULE}", USED_WRONGLY)
    for each in types or ():
        if not any(fnmatchcase(known, each) for known in CATALOGUE):
            near = nearest(each, CATALOGUE)
            fail(
                f"--types {printable(each)!r}: no type of events is called so"
                + (f"; the nearest is {near}" if near else "; `identity-worker schema events` has all"),
                USED_WRONGLY,
            )
    return Endpoint(
        called,
        url,
        tuple(types or ()),
        tuple(batches or ()),
        tuple(accounts or ()),
        secret_env,
        None if secret_file is None else str(secret_file.absolute()),
    )


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
    found = duration(str(given or _OVERLAP))
    if found is None:
        fail("--overlap: must be a length of time, as 12h or 2d", USED_WRONGLY)
    return found


def again(
    client: "redis.Redis", name: str, given: dict[str, Any]
) -> Callable[["redis.Redis"], Iterator[operating.Told]]:
    """Return which events of a shard are sent again; end the command unless they are told in one way."""
    since, brief, failed = given["since"], given["brief"], given["failed"]
    if sum(map(bool, (since, brief, failed))) != 1:
        fail("say what is sent again, in one way of: --since WHEN, --brief BRIEF, --failed", USED_WRONGLY)
    if failed:
        return lambda shard: operating.given_up(shard, name)
    if brief:
        found = snapshots.brief(client, brief)
        first = "0" if found is None else f"{found.accepted_at - 1}-0"
        return lambda shard: operating.of_brief(shard, brief, first)
    entry = since if _ENTRY.fullmatch(since) else _entry_at(client, since)
    return lambda shard: operating.since(shard, entry)


def _entry_at(client: "redis.Redis", text: str) -> str:
    when = moment(text)
    if when is None:
        fail(
            f"--since {printable(text)!r}: must be an entry's ID as 1700000000000-0; else it {MOMENT_RULE}",
            USED_WRONGLY,
        )
    return f"{max(0, when.at(redis_ms(client.time())) - 1)}-0"


def as_json(standing: Standing) -> dict[str, Any]:
    """Return how an endpoint fares, for programs."""
    told = asdict(standing) | asdict(standing.endpoint)
    paused = None if standing.paused is None else standing.paused._asdict()
    return {name: value for name, value in told.items() if name != "endpoint"} | {"paused": paused}


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
