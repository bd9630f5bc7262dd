"""What is still held, queued or kept in Redis for what is over."""

from collections.abc import Iterator, Mapping
from typing import Any

import redis

from config import keys
from tests.chaos.invariants import event_stream
from tests.chaos.invariants.key_page import keys_without_lifetime, unknown_fields, unknown_keys
from worker.ledger.kinds import KINDS, Kind
from worker.views.models import BriefView

Leak = tuple[str, str]


def leaks(
    client: "redis.Redis", accounts: Mapping[str, str], briefs: Mapping[str, BriefView]
) -> Iterator[Leak]:
    """Yield what is held and by whom, of these accounts and briefs; each as its holder and what it holds."""
    states = _states(briefs)
    for account in accounts:
        yield from _of_account(client, account, states)
    for batch in {brief.batch for brief in briefs.values() if brief.batch}:
        for subject in _members(client, keys.PARKED(batch)):
            yield subject, "is parked"
        for subject in _members(client, keys.BATCH_RESERVATIONS(batch)):
            if not _holds(states, subject, "slots"):
                yield subject, "has credits promised"
    yield from _timers_and_lists(client, states)
    for queue in (keys.INLET, keys.STEPS):
        yield from _messages(client, queue)
    for key in unknown_keys(client):
        yield key, "is not on the page of keys"
    for field in unknown_fields(client):
        yield field, "is not on the page of fields"
    for key in keys_without_lifetime(client):
        yield key, "should have a lifetime"


def _states(briefs: Mapping[str, BriefView]) -> dict[str, str]:
    """Return the states of all subjects."""
    found = {f"{Kind.BRIEF}:{brief_id}": brief.state for brief_id, brief in briefs.items()}
    for brief in briefs.values():
        found |= {promotion.subject: promotion.state for promotion in brief.promotions}
    return found


def _holds(states: Mapping[str, str], subject: str, what: str) -> bool:
    """Whether its state entitles a subject to a permit, slots or a timer (`worker/ledger/states.py`)."""
    kind = Kind(subject.partition(":")[0])
    state = states.get(subject)
    return state is not None and bool(getattr(KINDS[kind].states[state], what))


def _of_account(client: "redis.Redis", account: str, states: Mapping[str, str]) -> Iterator[Leak]:
    for subject in _members(client, keys.PERMITS(account)):
        if not _holds(states, subject, "permit"):
            yield subject, "has a job permit"
    for subject in _members(client, keys.SLOTS(account)):
        if not _holds(states, subject, "slots"):
            yield subject, "has slots"
    for subject in _members(client, keys.RESERVATIONS(account)):
        if not _holds(states, subject, "slots"):
            yield subject, "has credits reserved"
    for endpoint in ("create", "promote"):
        for subject in _members(client, keys.WAITING(account, endpoint)):
            yield subject, f"waits for {endpoint}"
        under_way: Any = client.zrangebyscore(keys.WINDOW(account, endpoint), "+inf", "+inf")
        for subject in under_way:
            yield subject, f"has a request of {endpoint} under way"
    for event in _members(client, keys.HANDLED(account)):
        yield f"event {event}", "is to be deleted"


def _timers_and_lists(client: "redis.Redis", states: Mapping[str, str]) -> Iterator[Leak]:
    for subject in _members(client, keys.TIMERS()):
        of_records = subject.startswith((f"{Kind.BRIEF}:", f"{Kind.PROMOTION}:"))
        if of_records and not _holds(states, subject, "actor"):
            yield subject, "has a timer"
    for brief_id in _members(client, keys.UNFINISHED()):
        if states.get(f"{Kind.BRIEF}:{brief_id}") != "held":
            yield brief_id, "is on the list of the unfinished"


def _messages(client: "redis.Redis", queue: str) -> Iterator[Leak]:
    refused = set(event_stream.conflicts(client))
    for key, what in (
        (keys.QUEUE(queue), "in the queue"),
        (keys.MESSAGES(queue), "kept"),
        (keys.DEAD_LETTERS(queue), "dead letters"),
        (keys.DEAD_LETTER_TEXTS(queue), "kept as dead letters"),
    ):
        if messages := set(_members(client, key)) - refused:
            yield key, f"{len(messages)} {what}"
    for key in client.scan_iter(keys.IN_HAND("*", queue)):
        yield str(key), "messages in a worker's hands"


def _members(client: "redis.Redis", key: str) -> list[str]:
    """Return what a list, hash or sorted set holds."""
    kind = client.type(key)
    if kind == "zset":
        found: Any = client.zrange(key, 0, -1)
    elif kind == "hash":
        found = client.hkeys(key)
    elif kind == "list":
        found = client.lrange(key, 0, -1)
    else:
        found = []
    return list(found)
