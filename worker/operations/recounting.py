"""Puts right how many briefs are counted where: after older versions, or when a check has found it wrong."""

from collections.abc import Iterator, Sequence
from typing import Any

import redis

from config import keys
from worker.ledger import commands
from worker.ledger.ledger import Ledger

#: Briefs that are recounted in one call: some milliseconds of the server.
PAGE = 100


def recount(ledger: Ledger, *, anew: bool = False) -> int:
    """Count every brief on record in its state, and return how many briefs there are.

    `anew`: forget the counts before, whatever they are. Killed half-way, or two at once, it may be run again.
    """
    if anew:
        accounts: Any = ledger.client.smembers(keys.COUNTED())
        for account in accounts:
            ledger.functions.run(commands.recount([], account))
    # The last for what stands in the index and on record no more.
    for key in (keys.UNFINISHED(), keys.FINISHED(), keys.BRIEFS()):
        for page in _pages(ledger.client, key):
            ledger.functions.run(commands.recount(page))
    return int(ledger.client.zcard(keys.BRIEFS()))


def _pages(client: "redis.Redis", key: str) -> Iterator[Sequence[str]]:
    # By SCAN: what is there all the time is met, perhaps twice, however the others move.
    cursor = 0
    while True:
        cursor, found = client.zscan(key, cursor, count=PAGE)
        members = [str(member) for member, _ in found]
        for start in range(0, len(members), PAGE):
            yield members[start : start + PAGE]
        if not cursor:
            return
