"""From the briefs of files to messages on the inlet queue: checked here first, each sent at most once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import redis

from cli.brief_files import Item
from config.accounts import Account
from config.settings import Settings
from worker import intake, views
from worker.brief_faults import Fault, fault
from worker.briefs import BadBrief, Brief, parse


class Status(StrEnum):
    """What became of a brief."""

    #: It breaks rules.
    BAD = "bad"
    #: It breaks none, and was not sent.
    VALID = "valid"
    SENT = "sent"
    #: It was not sent, since the same brief is on record.
    KNOWN = "known"
    #: It was not sent, since another brief is on record under its id.
    ID_TAKEN = "id taken"


#: What was refused, to be mended and sent again.
REJECTED = (Status.BAD, Status.ID_TAKEN)


@dataclass
class Outgoing:
    """One brief on its way to the queue."""

    source: str
    brief_id: str | None
    text: str = ""
    """What is sent."""
    original: str | None = None
    """The brief as it stands in its file; None for what can't be taken out of it."""
    brief: Brief | None = None
    faults: list[Fault] = field(default_factory=list)
    status: Status = Status.BAD


def prepare(
    items: Iterable[Item],
    overrides: Mapping[str, Any],
    accounts: Mapping[str, Account] | None,
    settings: Settings,
) -> list[Outgoing]:
    """Return the briefs as they would be sent, checked; `overrides` replace fields of their envelopes.

    Without `accounts` it is left to the worker to check that a brief's account exists.
    """
    briefs = [_outgoing(item, overrides) for item in items]
    for each in briefs:
        if not each.faults:
            _check(each, accounts, settings)
    _refuse_repeated_ids(briefs)
    return briefs


def _outgoing(item: Item, overrides: Mapping[str, Any]) -> Outgoing:
    if item.faults or not isinstance(item.value, dict):
        faults = item.faults or [fault((), item.value, "a brief is one JSON object")]
        return Outgoing(item.source, item.default_id, original=item.text, faults=list(faults))
    envelope = {**item.value, **overrides}
    if envelope.get("brief_id") is None and item.default_id is not None:
        envelope["brief_id"] = item.default_id
    text = json.dumps(envelope, ensure_ascii=False)
    return Outgoing(item.source, envelope.get("brief_id"), text, item.text)


def _check(each: Outgoing, accounts: Mapping[str, Account] | None, settings: Settings) -> None:
    try:
        if accounts is None:
            each.brief = parse(each.text, plain_http=settings.reference_private)
        else:
            each.brief = intake.check(each.text, accounts, settings)
    except BadBrief as bad:
        each.faults = bad.faults
    else:
        each.status = Status.VALID


def _refuse_repeated_ids(briefs: Sequence[Outgoing]) -> None:
    """The worker would take the second for the first, sent again."""
    first: dict[str, str] = {}
    for each in briefs:
        if each.status is Status.VALID and each.brief_id is not None:
            source = first.setdefault(each.brief_id, each.source)
            if source != each.source:
                each.faults = [fault(("brief_id",), each.brief_id, f"is the id of {source} already")]
                each.status = Status.BAD


def send(client: "redis.Redis", url: str, briefs: Sequence[Outgoing]) -> None:
    """Enqueue the valid ones that are not on record yet; without an id of its own, one has its message's.

    Each one's status says what became of it, also after a redis.RedisError.
    """
    # Not at the top: dramatiq is not needed to check briefs.
    from config.broker import brief_message, make_broker

    valid = [each for each in briefs if each.status is Status.VALID and each.brief is not None]
    ids = [each.brief_id for each in valid if each.brief_id is not None]
    on_record = {view.brief_id: view.asked for view in views.by_ids(client, ids)}
    broker = make_broker(url)
    for each in valid:
        if each.brief_id in on_record:
            same = each.brief is not None and on_record[each.brief_id] == intake.asked(each.brief)
            each.status = Status.KNOWN if same else Status.ID_TAKEN
            continue
        message = brief_message(each.text)
        broker.enqueue(message)
        each.brief_id = each.brief_id or message.message_id
        each.status = Status.SENT
