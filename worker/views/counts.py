"""How many briefs are in which state, as the ledger counts them with each move: no record is read."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from config import keys
from worker.views.models import BriefView

if TYPE_CHECKING:
    import redis


class Where(NamedTuple):
    """The state, cause and batch under which briefs are counted together."""

    account: str
    state: str
    cause: str
    """What failed or is asked, in a few words that many have in common; blank for others."""
    batch: str
    """Blank for those in none."""


class Counts(NamedTuple):
    """How many briefs stand where, and how many are on record by the lists of briefs."""

    of: Counter[Where]
    on_record: int

    @property
    def are_whole(self) -> bool:
        """Whether every brief on record is counted: one from an older version is counted at its next move."""
        return sum(self.of.values()) == self.on_record


def counts(client: "redis.Redis") -> Counts:
    """Return how many briefs stand where; two round trips.

    Those on record are counted in the same transaction as where they stand: of an account that is new since
    the first one they are on record, and stand nowhere.
    """
    accounts: Any = client.smembers(keys.COUNTED())
    with client.pipeline(transaction=True) as pipe:
        pipe.zcard(keys.UNFINISHED())
        pipe.zcard(keys.FINISHED())
        for account in sorted(accounts):
            pipe.hgetall(keys.COUNTS(account))
        still_open, finished, *read = pipe.execute()
    of: Counter[Where] = Counter()
    for account, found in zip(sorted(accounts), read, strict=True):
        for place, number in found.items():
            state, cause, batch = place.split(":", 2)
            of[Where(account, state, cause, batch)] += int(number)
    return Counts(of, still_open + finished)


def where_of(brief: BriefView) -> Where:
    """Return where a brief stands, by what was read of it, without a cause."""
    return Where(brief.account, brief.state, "", brief.batch or "")


def parked(client: "redis.Redis", accounts: Iterable[str]) -> dict[str, int]:
    """Return how many briefs of these accounts are held back by a budget or a batch's pause, if any."""
    names = list(accounts)
    with client.pipeline(transaction=False) as pipe:
        for account in names:
            pipe.hvals(keys.PARKED_OF(account))
        found = [sum(map(int, numbers)) for numbers in pipe.execute()]
    return {account: number for account, number in zip(names, found, strict=True) if number}
