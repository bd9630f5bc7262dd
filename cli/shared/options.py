"""Arguments that commands share: which brief, which account, who changes something, why and whether."""

import getpass
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared.output import USED_WRONGLY, fail
from config.text import printable

if TYPE_CHECKING:
    import redis

BriefId = Annotated[str, typer.Argument(metavar="BRIEF", help="The brief's id.")]
BriefOrDeadLetter = Annotated[
    str | None, typer.Argument(metavar="[BRIEF]", help="The id of a brief, or of a dead letter.")
]
Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name.")]
By = Annotated[
    str | None, typer.Option(metavar="WHO", help="Who does this, for the record; by default user@host.")
]
Why = Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for the record.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say how many briefs and what is at stake; change nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal.")]


def person(by: str | None = None) -> str:
    """Return who makes a change, by default `user@host`; end the command when `by` is empty."""
    if by is not None:
        if not by.strip():
            fail("--by '': must be a name", USED_WRONGLY)
        return by
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def must_be_known(client: "redis.Redis", account: str) -> None:
    """End the command when no account of this name is on record."""
    # Not at the top: the help should not wait for its import.
    from worker.views import account_reading

    known = account_reading.names(client)
    if account not in known:
        fail(
            f"no account {printable(account)!r} is on record; known: {', '.join(known) or 'none'}\n"
            "An account is on record once a worker that has it in its configuration has started.",
            USED_WRONGLY,
        )
