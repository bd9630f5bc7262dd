"""Arguments that commands share: which brief, which account, and who changes something."""

import getpass
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared.output import USED_WRONGLY, fail
from config.text import printable
from worker.views import account_reading

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
    known = account_reading.names(client)
    if account not in known:
        fail(
            f"no account {printable(account)!r} is on record; known: {', '.join(known) or 'none'}\n"
            "An account is on record once a worker that has it in its configuration has started.",
            USED_WRONGLY,
        )
