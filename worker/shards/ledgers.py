"""Compares briefs, before they are sent, with what is on record in all shards."""

from collections.abc import Sequence

import redis

from config import keys
from config.settings import Settings
from config.shards import shard_of
from worker.ledger.arrivals import Arrival, Arrived
from worker.ledger.ledger import Ledger
from worker.shards.merged import clients_of, home_of


class Ledgers:
    """The ledger of each account's shard; all methods raise redis.RedisError."""

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        """Take a client that reads all shards."""
        self._client, self._settings = client, settings
        self._shards = clients_of(client)
        self._made: dict[int, Ledger] = {}

    def of(self, account: str) -> Ledger:
        """Return the ledger of an account's shard."""
        home = home_of(self._client, account)
        if id(home) not in self._made:
            self._made[id(home)] = Ledger(home, self._settings)
        return self._made[id(home)]

    def compare(self, arrivals: Sequence[Arrival]) -> list[Arrived]:
        """Return the outcomes if briefs arrived now, each in the shard that has its id, or its account."""
        ledgers = [self.of(self._holder(each) or each.account) for each in arrivals]
        found: dict[int, Arrived] = {}
        for ledger in dict.fromkeys(ledgers):
            places = [place for place, its in enumerate(ledgers) if its is ledger]
            found |= zip(places, ledger.compare([arrivals[place] for place in places]), strict=True)
        return [found[place] for place in range(len(arrivals))]

    def _holder(self, arrival: Arrival) -> str | None:
        """Return the account whose an id is over all shards; without shards each ledger knows its own."""
        if len(self._shards) == 1:
            return None
        keeper = self._shards[shard_of(arrival.brief_id, len(self._shards))]
        told = keeper.get(keys.HOME(arrival.brief_id))
        return None if told is None else str(told).partition(" ")[2]
