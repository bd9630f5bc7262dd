"""Delivers briefs of files: sends the new ones, tells of the others or updates them."""

from collections.abc import Iterator, Sequence

import redis

from cli.sending.outgoing import Outgoing, Status
from config.settings import Settings
from worker.ledger.arrivals import Arrival, Arrived, Outcome
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.operations import updating

#: Briefs that are looked up in one call.
AT_ONCE = 100
#: What of a brief on record may be changed.
CHANGEABLE = {"metadata", "batch", "priority"}


def look_up(client: "redis.Redis", settings: Settings, briefs: Sequence[Outgoing], *, again: bool) -> None:
    """Ask the ledger for the outcomes of the valid briefs, and mark those that are not to be sent.

    `again`: what was bought before may be bought again. The worker decides, once they are sent.
    """
    ledger = Ledger(client, settings)
    for each, arrived in _compared(ledger, briefs):
        if arrived.outcome is Outcome.SAME:
            each.status = Status.SAME
        elif arrived.outcome is Outcome.CONFLICT:
            each.status = Status.CONFLICT
        elif arrived.bought is not None and not again:
            each.status = Status.BOUGHT


def send(url: str, briefs: Sequence[Outgoing]) -> None:
    """Enqueue the valid ones. Each one's status says what became of it, also after a redis.RedisError."""
    # Not at the top: dramatiq is not needed to check briefs.
    from actors.broker.broker import Broker, brief_message

    broker = Broker(url)
    for each in briefs:
        if each.status is Status.VALID:
            broker.enqueue(brief_message(each.text))
            takes_place = each.arrived is not None and each.arrived.outcome is Outcome.REPLACED
            each.status = Status.REPLACED if takes_place else Status.SENT


def update(client: "redis.Redis", settings: Settings, briefs: Sequence[Outgoing], by: str) -> None:
    """Give those on record the metadata, batch and priority that the valid ones have."""
    ledger = Ledger(client, settings)
    for each, arrived in _compared(ledger, briefs):
        if arrived.outcome is Outcome.ACCEPTED:
            each.status = Status.UNKNOWN
        elif arrived.outcome is Outcome.SAME:
            each.status = Status.SAME
        elif not arrived.differs or set(arrived.differs) - CHANGEABLE:
            each.status = Status.CONFLICT
        elif each.brief is not None and each.brief_id is not None:
            change = updating.Change(each.brief.metadata, each.brief.batch or "", each.brief.priority)
            updating.update(ledger, each.brief_id, change, by)
            each.status = Status.UPDATED


def _compared(ledger: Ledger, briefs: Sequence[Outgoing]) -> Iterator[tuple[Outgoing, Arrived]]:
    """Yield the valid ones, each with what would become of it, which is noted in it."""
    valid = [each for each in briefs if each.status is Status.VALID]
    for start in range(0, len(valid), AT_ONCE):
        some = valid[start : start + AT_ONCE]
        for each, arrived in zip(some, ledger.compare(list(map(_arrival, some))), strict=True):
            each.arrived = arrived
            yield each, arrived


def _arrival(each: Outgoing) -> Arrival:
    if each.brief is None or each.brief_id is None:
        raise ValueError(f"{each.source} is no valid brief")
    return acceptance.arrival(each.brief, each.brief_id, "")
