"""Lists who has reserved slots of an account or credits of a batch's budget.

Times are ms since 1970 by the server's clock.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from config import keys
from worker.ledger.records import brief_subject, parse_subject

#: Reservations that are listed; the others are counted.
NAMED = 5


@dataclass(frozen=True, slots=True)
class Reservation:
    """A brief or a promotion with what it holds: slots, or credits that it may still cost."""

    subject: str
    state: str | None
    """None: an orphan, whose record is gone."""
    since: int | None
    """When it was granted, in the case of a promotion when its brief was; None of an orphan."""
    amount: float


@dataclass(frozen=True, slots=True)
class Reservations:
    """The first `NAMED` of those that hold something, and how many more do."""

    named: tuple[Reservation, ...]
    more: int
    amount: float
    """What all of them hold."""


def of_slots(client: "redis.Redis", account: str) -> Reservations:
    """Return who has reserved slots of an account; whoever holds them longest comes first.

    Reads a record for each: there are no more of them than the cap on slots.
    """
    reserved: Any = client.hgetall(keys.SLOTS(account))
    amounts = {subject: float(count) for subject, count in reserved.items()}
    found = sorted(_reservations(client, amounts, list(amounts)), key=_age)
    return Reservations(tuple(found[:NAMED]), max(0, len(found) - NAMED), sum(amounts.values()))


def of_budget(client: "redis.Redis", batch: str) -> Reservations:
    """Return for whom credits of a batch's budget are reserved; the largest reservation comes first.

    Nothing bounds how many there are, so the records of those named alone are read.
    """
    credits_reserved: Any = client.hgetall(keys.BATCH_RESERVATIONS(batch))
    amounts = {subject: float(credits_) for subject, credits_ in credits_reserved.items()}
    largest = heapq.nsmallest(NAMED, amounts, key=lambda subject: (-amounts[subject], subject))
    found = _reservations(client, amounts, largest)
    return Reservations(tuple(found), len(amounts) - len(found), sum(amounts.values()))


def _age(reservation: Reservation) -> tuple[int, str]:
    return reservation.since or 0, reservation.subject


def _reservations(
    client: "redis.Redis", amounts: dict[str, float], subjects: Sequence[str]
) -> list[Reservation]:
    fields = ("state", "granted_at", "moved_at", "need")
    with client.pipeline(transaction=False) as pipe:
        for subject in subjects:
            pipe.hmget(keys.RECORD(subject), *fields)
            pipe.hmget(keys.RECORD(brief_subject(parse_subject(subject).name)), *fields)
        read = iter(pipe.execute())
    return [
        _reservation(subject, amounts[subject], own, brief)
        for subject, own, brief in zip(subjects, read, read, strict=True)
    ]


def _reservation(
    subject: str, amount: float, own: Sequence[str | None], brief: Sequence[str | None]
) -> Reservation:
    state, granted_at, moved_at, _ = own
    _, brief_granted_at, _, slots_needed = brief
    number = parse_subject(subject).number
    # What was reserved with the brief's grant was passed on to its promotions; a promotion that a person
    # picked beyond that got its own reservation. A brief that is held before it ever waited has no grant.
    inherited = number is not None and number < int(slots_needed or 1)
    since = (inherited and brief_granted_at) or granted_at or moved_at
    return Reservation(subject, state, None if state is None or since is None else int(since), amount)
