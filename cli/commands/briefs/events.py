"""`identity-worker events`: the events for downstream, as they stand in the stream and as they come."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.shared.opening import open_to_read
from cli.shared.output import USED_WRONGLY, Json, fail, print_json, say
from config import durations
from config.text import printable
from worker.views import happenings

if TYPE_CHECKING:
    import redis

    from worker.views.outbox import Entry

#: Fields of an event's data that its line shows, in this order.
_SHOWN = ("job_id", "identity_code", "image_result_id", "error", "question", "why", "token_ends")


def _entry_id(given: str | None) -> str | None:
    if given is not None and not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*|\$", given):
        raise typer.BadParameter("must be an entry's ID such as 1700000000000-0, or $")
    return given


def command(
    action: Annotated[
        Literal["forward"] | None,
        typer.Argument(metavar="[forward]", help="Send them on, instead of printing them."),
    ] = None,
    url: Annotated[str | None, typer.Argument(metavar="[URL]", help="With forward: where to.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new events as they come.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="ID", callback=_entry_id, help="Only what comes after this entry; $: after the newest."
        ),
    ] = None,
    secret_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="With forward: the variable with the secret.")
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With forward: the file with the secret.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the events for downstream, oldest first, or send them on to a program under development.

    With --json each line is a CloudEvent; its extension attribute `entryid` is the id for --since. With
    several shards it has a part for each.

    `events forward URL` posts each new event to the URL, signed as webhooks are, and prints the answer. An
    event that is not taken is not sent again. Without a secret it makes one and prints it.
    """
    if (url is None) != (action is None) or (action is None and (secret_env or secret_file)):
        fail("`events forward` needs a URL; without forward there is no URL and no secret", USED_WRONGLY)
    try:
        with open_to_read() as client:
            if url is None:
                _print_all(client, since or "0", follow=follow, as_json=as_json)
            else:
                _forward(client, url, since or "$", secret_env, secret_file, as_json=as_json)
    except KeyboardInterrupt:
        # Ctrl-C is how following is meant to end.
        raise typer.Exit from None


def _forward(
    client: "redis.Redis",
    url: str,
    since: str,
    secret_env: str | None,
    secret_file: Path | None,
    *,
    as_json: bool,
) -> None:
    # Not at the top: who prints has no use for the HTTP client.
    from cli.sending.forwarding import forward

    last = happenings.last_id(client) if since == "$" else since
    forward(client, url, last, secret_env, secret_file, as_json=as_json)


def _print_all(client: "redis.Redis", since: str, *, follow: bool, as_json: bool) -> None:
    # Not at the top: the help should not wait for its import.
    from worker.selection.patience import patiently
    from worker.views import outbox

    last = happenings.last_id(client) if since == "$" else since
    while True:
        block_ms = round(durations.REDIS_BLOCK_SECONDS * 1000) if follow else None
        read = partial(outbox.read, client, last, block_ms=block_ms)
        entries = patiently(read) if follow else read()
        for entry in entries:
            _print(entry, as_json=as_json)
            last = entry.id
        if not entries and not follow:
            return


def _print(entry: "Entry", *, as_json: bool) -> None:
    if as_json:
        print_json({**entry.event.model_dump(mode="json"), "entryid": entry.id}, indent=None)
        return
    event = entry.event
    shown = "  ".join(f"{name}={event.data[name]}" for name in _SHOWN if event.data.get(name) is not None)
    time = f"{event.time.astimezone():%Y-%m-%d %H:%M:%S}"
    say(printable(f"{entry.id}  {time}  {event.type}  {event.subject}  {shown}".rstrip()))
