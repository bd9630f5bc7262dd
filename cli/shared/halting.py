"""What `pause` and `unpause` have in common: which account or batch is meant."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared.options import must_be_known
from cli.shared.output import USED_WRONGLY, fail
from config.text import printable
from worker.ledger.commands import Halted

if TYPE_CHECKING:
    import redis

Account = Annotated[str | None, typer.Option(metavar="NAME", help="The account.")]
Batch = Annotated[str | None, typer.Option(metavar="NAME", help="The batch, in whatever accounts.")]


def which(client: "redis.Redis", account: str | None, batch: str | None) -> Halted:
    """Return what is meant; end the command unless it is one account or one batch."""
    if (account is None) == (batch is None) or batch == "":
        fail("say what is meant: --batch NAME or --account NAME", USED_WRONGLY)
    if account is not None:
        must_be_known(client, account)
    return Halted(account, batch)


def named(what: Halted) -> str:
    """Return what is meant in words."""
    return printable(f"account {what.account}" if what.batch is None else f"batch {what.batch}")
