"""What is held back with its batch: by a person's pause or by the batch's budget, and what ends it."""

import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from config import keys
from config.text import credits_text
from worker.shards.merged import home_of

if TYPE_CHECKING:
    import redis


class HeldBack(NamedTuple):
    """What an account has in a batch that may not begin."""

    account: str
    batch: str
    number: int
    """Briefs and promotions."""
    paused: bool
    """Whether a person has paused the batch; else its budget holds them back."""
    allowed: float | None
    """Credits that the batch may cost; None: as many as it does."""
    spent: float
    reserved: float
    """For what of the batch is on its way."""

    @property
    def because(self) -> str:
        """Return by what they are held back, and how far it is used up."""
        if self.paused:
            return "as a person has paused it"
        if self.allowed is None:
            return "until the next look"
        spent, reserved, allowed = map(credits_text, (self.spent, self.reserved, self.allowed))
        return f"by its budget: of {allowed} credits {spent} are spent, {reserved} reserved"

    @property
    def remedy(self) -> str:
        """Return the command that lets them go on, as it is typed."""
        if self.paused:
            return unpause("batch", self.batch)
        return raise_budget(self.account, self.batch)


def raise_budget(account: str, batch: str) -> str:
    """Return the command that gives a batch N credits, as it is typed."""
    return f"identity-worker limits {account} --budget {shlex.quote(f'{batch}=N')}"


def unpause(what: str, name: str) -> str:
    """Return the command that lets an `account` or a `batch` go on, as it is typed."""
    return f"identity-worker unpause --{what} {shlex.quote(name)}"


def read(client: "redis.Redis", accounts: Iterable[str]) -> list[HeldBack]:
    """Return what of these accounts is held back, by account and batch, in two round trips."""
    names = sorted(accounts)
    with client.pipeline(transaction=False) as pipe:
        for account in names:
            pipe.hgetall(keys.PARKED_OF(account))
        found: list[Mapping[str, str]] = pipe.execute()
    return [
        each
        for account, numbers in zip(names, found, strict=True)
        for each in of_account(client, account, numbers)
    ]


def of_account(client: "redis.Redis", account: str, numbers: Mapping[str, str]) -> list[HeldBack]:
    """Return by what an account's batches are held back; `numbers`: batch -> how many, as Redis has it."""
    # A budget is kept in each shard apart.
    with home_of(client, account).pipeline(transaction=False) as pipe:
        for batch in sorted(numbers):
            pipe.hmget(keys.BUDGET(batch), "halted", "allowed", "spent")
            pipe.hvals(keys.BATCH_RESERVATIONS(batch))
        read = iter(pipe.execute())
    return [
        HeldBack(
            account,
            batch,
            int(numbers[batch]),
            bool(halted),
            float(allowed) if allowed else None,
            float(spent or 0),
            sum(map(float, reserved)),
        )
        for batch, (halted, allowed, spent), reserved in zip(sorted(numbers), read, read, strict=True)
    ]
