"""How many briefs stand where, as the ledger counts them with each move: no record is read for it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from config import keys
from worker.views.models import BriefView

if TYPE_CHECKING:
    import redis


class Where(NamedTuple):
    """Where briefs stand that are counted together."""

    account: str
    state: str
    cause: str
    """What failed or is asked, in a few words that many have in common; blank for others."""
    batch: str
    """Blank for those in none."""


class Counts(NamedTuple):
    """How many briefs stand where, and how many are on record by the lists of them."""

    of: Counter[Where]
    on_record: int

    @property
    def are_whole(self) -> bool:
        """Whether each brief on record is counted: those of older versions are with their next move."""
        return sum(self.of.values()) == self.on_record


def counts(client: "redis.Redis") -> Counts:
    """Return how many briefs stand where; two round trips, in which some may move."""
    with client.pipeline(transaction=True) as pipe:
        pipe.smembers(keys.COUNTED())
        pipe.zcard(keys.UNFINISHED())
        pipe.zcard(keys.FINISHED())
        accounts, still_open, finished = pipe.execute()
    return Counts(_read(client, sorted(accounts)), still_open + finished)


def where_of(brief: BriefView) -> Where:
    """Return where a brief stands, by what was read of it, without a cause."""
    return Where(brief.account, brief.state, "", brief.batch or "")


def parked(client: "redis.Redis", accounts: Iterable[str]) -> dict[str, int]:
    """Return what budgets and pauses of batches hold back of these accounts, where there is any."""
    names = list(accounts)
    with client.pipeline(transaction=False) as pipe:
        for account in names:
            pipe.hvals(keys.PARKED_OF(account))
        found = [sum(map(int, numbers)) for numbers in pipe.execute()]
    return {account: number for account, number in zip(names, found, strict=True) if number}


def _read(client: "redis.Redis", accounts: Sequence[str]) -> Counter[Where]:
    with client.pipeline(transaction=True) as pipe:
        for account in accounts:
            pipe.hgetall(keys.COUNTS(account))
        read: list[dict[str, Any]] = pipe.execute()
    of: Counter[Where] = Counter()
    for account, found in zip(accounts, read, strict=True):
        for place, number in found.items():
            state, cause, batch = place.split(":", 2)
            of[Where(account, state, cause, batch)] += int(number)
    return of
