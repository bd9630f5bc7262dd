"""What `pause` and `unpause` have in common: which account or batch is meant."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared.options import must_be_known
from cli.shared.output import USED_WRONGLY, fail
from config.text import printable
from worker.ledger.commands import Halted
from worker.operations.halts import Halt
from worker.shards.merged import clients_of, home_of

if TYPE_CHECKING:
    from collections.abc import Callable

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


def at_all(
    client: "redis.Redis", what: Halted, change: "Callable[[redis.Redis], Halt | None]"
) -> "Halt | None":
    """Change it in the shard of an account, or of a batch in each; return what was on record before."""
    shards = clients_of(client) if what.account is None else [home_of(client, what.account)]
    return next(filter(None, [change(each) for each in shards]), None)


def named(what: Halted) -> str:
    """Return what is meant in words."""
    return printable(f"account {what.account}" if what.batch is None else f"batch {what.batch}")
