"""What is held back with its batch: by a person's pause or by the batch's budget, and what ends it."""

import json
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


class BatchBudget(NamedTuple):
    """What a batch may cost, in credits, over all accounts."""

    batch: str
    allowed: float
    spent: float
    reserved: float

    @property
    def left(self) -> float:
        """Return what is neither spent nor reserved; below 0 where drafts cost more than was known."""
        return self.allowed - self.spent - self.reserved


def budgets(client: "redis.Redis", account: str) -> list[BatchBudget]:
    """Return the budgets of the batches that an account has briefs of, or was given limits for; by batch."""
    home = home_of(client, account)
    with home.pipeline(transaction=False) as pipe:
        pipe.hkeys(keys.COUNTS(account))
        pipe.lrange(keys.CHANGES(account), 0, -1)
        places, changes = pipe.execute()
    batches = {place.split(":", 2)[2] for place in places} - {""}
    batches |= {batch for change in changes for batch in json.loads(change).get("budget", {})}
    with home.pipeline(transaction=False) as pipe:
        for batch in sorted(batches):
            pipe.hmget(keys.BUDGET(batch), "allowed", "spent")
        read = {batch: each for batch, each in zip(sorted(batches), pipe.execute(), strict=True) if each[0]}
    with home.pipeline(transaction=False) as pipe:
        for batch in read:
            pipe.hvals(keys.BATCH_RESERVATIONS(batch))
        reserved = pipe.execute()
    return [
        BatchBudget(batch, float(allowed), float(spent or 0), sum(map(float, each)))
        for (batch, (allowed, spent)), each in zip(read.items(), reserved, strict=True)
    ]


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
    """Return what holds back an account's batches; `numbers`: batch -> how many, as Redis has it."""
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
