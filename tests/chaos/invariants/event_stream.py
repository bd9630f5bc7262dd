"""Whether each event for downstream was written once, in order for each brief."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import redis

from actors.broker import dead_letters
from config import keys
from worker.ledger.records import brief_subject
from worker.views import snapshots
from worker.views.models import BriefView

Fault = tuple[str, str]

CONFLICT = "identity.brief.conflict"

#: What a brief in these states was told of last.
LAST = {"done": "identity.brief.done", "failed": "identity.brief.failed", "held": "identity.brief.held"}
#: Events that come once for each promotion and identity.
ONCE = ("identity.promoted", "identity.preprocessing.completed", "identity.promotion.failed")


def faults(client: "redis.Redis", briefs: Iterable[BriefView]) -> Iterator[Fault]:
    """Yield what is wrong with the events of these briefs: whose they are, and what it is."""
    told: dict[str, list[dict[str, Any]]] = {}
    entries: Any = client.xrange(keys.EVENTS())
    for _, fields in entries:
        event = json.loads(fields["event"])
        told.setdefault(event["data"]["brief_id"], []).append(event)
    refused = Counter(conflicts(client).values())
    for brief in briefs:
        conflicting = [event for event in told.get(brief.brief_id, []) if event["type"] == CONFLICT]
        told[brief.brief_id] = [each for each in told.get(brief.brief_id, []) if each["type"] != CONFLICT]
        kept = refused[brief.brief_id]
        if len(conflicting) != kept:
            yield brief.brief_id, f"was told of {len(conflicting)} conflicts, {kept} are dead letters"
        events = told.get(brief.brief_id, [])
        for what in _numbering(client, brief, events):
            yield brief.brief_id, what
        for what in _story(brief, events, _words(client, brief)):
            yield brief.brief_id, what


def conflicts(client: "redis.Redis") -> dict[str, str]:
    """Return the dead letters of the inlet that are in conflict with a brief on record, with its id."""
    found = {}
    for dead_letter in dead_letters.each(client, dead_letters.ids(client)):
        words = dead_letter.error.split(" ", 2)
        if (
            dead_letter.queue == keys.INLET
            and words[0] == "brief"
            and words[2].startswith("is on record already")
        ):
            found[dead_letter.id] = words[1]
    return found


def _numbering(client: "redis.Redis", brief: BriefView, events: list[dict[str, Any]]) -> Iterator[str]:
    wanted = int(str(client.hget(keys.RECORD(brief_subject(brief.brief_id)), "events") or 0))
    ids = [event["id"] for event in events]
    if ids != [f"{brief.brief_id}/{number}" for number in range(1, wanted + 1)]:
        yield f"has the events {ids}, and on record {wanted}"


def _words(client: "redis.Redis", brief: BriefView) -> Counter[str]:
    """Return how often people said what of a brief: tried or chosen again, it may end so once more."""
    journal = snapshots.journal(client, brief.brief_id)
    return Counter(entry["what"] for entry in journal if entry["call"] == "operator")


def _story(brief: BriefView, events: list[dict[str, Any]], words: Counter[str]) -> Iterator[str]:
    last = LAST.get(brief.state)
    # Metadata may be changed at any time, also of what has ended.
    moves = [event["type"] for event in events if event["type"] != "identity.brief.updated"]
    if last and moves[-1:] != [last]:
        yield f"is {brief.state} and was told last: {moves[-1] if moves else 'nothing'}"
    over = sum(event["type"] == "identity.brief.done" for event in events)
    if over > 1 + words["retry"] + words["choose again"]:
        yield f"was told {over} times to be done"
    told = Counter(
        (event["type"], event["data"]["promotion"], event["data"].get("identity_code"))
        for event in events
        if event["type"] in ONCE
    )
    for (type_, promotion, code), times in told.items():
        if times > 1 + (words["retry"] if type_ == "identity.promotion.failed" else 0):
            yield f"was told {times} times: {type_} of {promotion} ({code})"
    for promotion in brief.promotions:
        completed = told[("identity.preprocessing.completed", promotion.subject, promotion.identity_code)]
        if (promotion.state == "ready") != (completed == 1):
            yield f"{promotion.subject} is {promotion.state} and was told {completed} times to be complete"
