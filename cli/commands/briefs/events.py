"""`identity-worker events`: the events for downstream, as they stand in the stream and as they come."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared.opening import open_to_read
from cli.shared.output import Json, print_json, say
from config import durations
from config.text import printable
from worker.views import happenings, outbox
from worker.views.outbox import Entry

if TYPE_CHECKING:
    import redis

#: Fields of an event's data that its line shows, in this order.
_SHOWN = ("job_id", "identity_code", "image_result_id", "error", "question")


def _entry_id(given: str) -> str:
    if not re.fullmatch(r"\d+(-\d+)?|\$", given):
        raise typer.BadParameter("must be an entry's ID such as 1700000000000-0, or $")
    return given


def command(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    since: Annotated[
        str,
        typer.Option(
            metavar="ID", callback=_entry_id, help="Only what comes after this entry; $: after the newest."
        ),
    ] = "0",
    as_json: Json = False,
) -> None:
    """Print the events for downstream, oldest first.

    With --json each line is a CloudEvent; its extension attribute `entryid` is the ID to go on from.
    """
    try:
        with open_to_read() as client:
            _print_all(client, since, follow=follow, as_json=as_json)
    except KeyboardInterrupt:
        # Ctrl-C is how following is meant to end.
        raise typer.Exit from None


def _print_all(client: "redis.Redis", since: str, *, follow: bool, as_json: bool) -> None:
    last = happenings.last_id(client) if since == "$" else since
    while True:
        entries = outbox.read(
            client, last, block_ms=round(durations.REDIS_BLOCK_SECONDS * 1000) if follow else None
        )
        for entry in entries:
            _print(entry, as_json=as_json)
            last = entry.id
        if not entries and not follow:
            return


def _print(entry: Entry, *, as_json: bool) -> None:
    if as_json:
        print_json({**entry.event.model_dump(mode="json"), "entryid": entry.id}, indent=None)
        return
    event = entry.event
    shown = "  ".join(f"{name}={event.data[name]}" for name in _SHOWN if event.data.get(name) is not None)
    time = f"{event.time.astimezone():%Y-%m-%d %H:%M:%S}"
    say(printable(f"{entry.id}  {time}  {event.type}  {event.subject}  {shown}".rstrip()))
