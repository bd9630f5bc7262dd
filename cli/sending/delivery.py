"""Delivers briefs of files: sends the new ones, tells of the others or updates them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import redis

from cli.sending.outgoing import Outgoing, Status
from cli.sending.spool import Spool
from config.accounts.names import DEFAULT
from config.settings import Settings
from config.shards import namespace_of
from worker.ledger.arrivals import Arrival, Arrived, Outcome
from worker.lifecycle import first_record
from worker.operations import updating
from worker.shards.ledgers import Ledgers
from worker.shards.shards import Shards, shards_of
from worker.store.outages import TooFewReplicasError
from worker.store.replicas import caught_up

#: Briefs that are looked up, or sent, in one call.
AT_ONCE = 100
#: What of a brief on record may be changed.
CHANGEABLE = {"metadata", "batch", "priority"}


def look_up(client: "redis.Redis", settings: Settings, briefs: Spool, *, again: bool) -> None:
    """Ask the ledger for the outcomes of the valid briefs, and mark those that are not to be sent.

    `again`: what was bought before may be bought again. The worker decides, once they are sent.
    """
    for each, arrived in _compared(Ledgers(client, settings), briefs):
        if arrived.outcome is Outcome.SAME:
            each.status = Status.SAME
        elif arrived.outcome is Outcome.CONFLICT:
            each.status = Status.CONFLICT
        elif arrived.bought is not None and not again:
            each.status = Status.BOUGHT


def send(url: str, settings: Settings, briefs: Spool) -> None:
    """Enqueue the valid ones. Each one's status says what became of it, also after a redis.RedisError.

    One counts as sent once as many replicas have it as are to know of a paid call: a failover would lose it.
    And so does one that is on record already: whoever sent it before may not have waited for them.
    """
    # Not at the top: dramatiq is not needed to check briefs.
    from actors.broker.broker import Broker

    shards, brokers = shards_of(url, settings), dict[int, Broker]()
    for some in briefs.groups(AT_ONCE, Status.VALID):
        for shard, its in _by_shard(shards, some).items():
            if shard not in brokers:
                brokers[shard] = Broker(url, namespace=namespace_of(settings.namespace, shard))
            try:
                brokers[shard].enqueue_briefs([each.text for each in its], settings.replicas)
            except TooFewReplicasError:
                _mark(briefs, its, Status.UNCONFIRMED)
                raise
            for each in its:
                takes_place = each.arrived is not None and each.arrived.outcome is Outcome.REPLACED
                each.status = Status.REPLACED if takes_place else Status.SENT
                briefs.save(each)
    if Status.SAME in briefs.counts():
        for shard in shards.all:
            caught_up(shards.client(shard), settings.replicas)


def _mark(briefs: Spool, some: Sequence[Outgoing], status: Status) -> None:
    for each in some:
        each.status = status
        briefs.save(each)


def _by_shard(shards: Shards, some: Sequence[Outgoing]) -> dict[int, list[Outgoing]]:
    """Return briefs by the shard that they go to, in which they are not handed on."""
    found: defaultdict[int, list[Outgoing]] = defaultdict(list)
    for each in some:
        account = each.takes.account if each.takes is not None else None
        found[shards.of(account or DEFAULT)].append(each)
    return found


def update(client: "redis.Redis", settings: Settings, briefs: Spool, by: str) -> None:
    """Give those on record the metadata, batch and priority that the valid ones have."""
    ledgers = Ledgers(client, settings)
    for each, arrived in _compared(ledgers, briefs):
        if arrived.outcome is Outcome.ACCEPTED:
            each.status = Status.UNKNOWN
        elif arrived.outcome is Outcome.SAME:
            each.status = Status.SAME
        elif not arrived.differs or set(arrived.differs) - CHANGEABLE:
            each.status = Status.CONFLICT
        elif each.brief_id is not None and (brief := each.brief) is not None:
            change = updating.Change(brief.metadata, brief.batch or "", brief.priority)
            updating.update(ledgers.of(brief.account or DEFAULT), each.brief_id, change, by)
            each.status = Status.UPDATED


def _compared(ledger: Ledgers, briefs: Spool) -> Iterator[tuple[Outgoing, Arrived]]:
    """Yield the valid ones, each with what would become of it, and keep that and what is said of it then."""
    for some in briefs.groups(AT_ONCE, Status.VALID):
        for each, arrived in zip(some, ledger.compare(list(map(_arrival, some))), strict=True):
            each.arrived = arrived
            try:
                yield each, arrived
            finally:
                briefs.save(each)


def _arrival(each: Outgoing) -> Arrival:
    brief = each.brief
    if brief is None or each.brief_id is None:
        raise ValueError(f"{each.source} is no valid brief")
    return first_record.arrival(brief, each.brief_id, "")
