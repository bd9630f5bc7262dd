"""Briefs of files on their way to the inlet queue: each checked, and given its id."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cli.sending.files import Item
from config.accounts import Account
from config.settings import Settings
from worker.briefs import equality
from worker.briefs.brief import Brief, parse
from worker.briefs.faults import BriefError, Fault, fault
from worker.ledger.arrivals import Arrived
from worker.lifecycle import acceptance


class Status(StrEnum):
    """What became of a brief of a file."""

    #: It breaks rules.
    BAD = "bad"
    #: It breaks none, and was not sent.
    VALID = "valid"
    SENT = "sent"
    #: It was sent, to take the place of one on record that never cost anything.
    REPLACED = "replaced"
    #: It was not sent, since the same brief is on record, or was among those before.
    SAME = "same"
    #: It was not sent, since another brief is on record under its id.
    CONFLICT = "conflict"
    #: It was not sent, since the same was bought before, under this id or another.
    BOUGHT = "bought"
    #: It was not sent, but the one on record has its metadata, batch and priority now.
    UPDATED = "updated"
    #: It is not on record, where one that is was to be updated.
    UNKNOWN = "unknown"


#: What was refused, to be mended and sent again.
REJECTED = (Status.BAD, Status.CONFLICT, Status.BOUGHT, Status.UNKNOWN)


@dataclass
class Outgoing:
    """One brief on its way to the queue."""

    item: Item
    envelope: dict[str, Any] = field(default_factory=dict)
    """What is sent."""
    brief: Brief | None = None
    faults: list[Fault] = field(default_factory=list)
    status: Status = Status.BAD
    arrived: Arrived | None = None
    """What would become of it, by what is on record."""
    same_as: str | None = None
    """Where the same brief stands, of one that was met before."""

    @property
    def source(self) -> str:
        """The file and the place in it."""
        return self.item.source

    @property
    def original(self) -> str | None:
        """The brief as it stands in its file; None where it can't be taken out of it."""
        return self.item.text

    @property
    def brief_id(self) -> str | None:
        """Its id; None of a bad one that has none."""
        return self.envelope.get("brief_id")

    @property
    def text(self) -> str:
        """What is sent, as JSON."""
        return json.dumps(self.envelope, ensure_ascii=False)


def prepare(
    items: Iterable[Item],
    overrides: Mapping[str, Any],
    accounts: Mapping[str, Account] | None,
    settings: Settings,
    *,
    as_written: bool = False,
) -> list[Outgoing]:
    """Return the briefs as they would be sent, checked; `overrides` replace fields of their envelopes.

    Without `accounts` it is left to the worker to check that a brief's account exists. A brief without an id
    has one made from its content, `as_written` from that before it is overridden.
    """
    briefs = [_outgoing(item, overrides) for item in items]
    for each in briefs:
        if not each.faults:
            each.brief = _checked(each, accounts, settings)
    _make_ids(briefs, settings, as_written=as_written)
    _tell_repeated_ids(briefs)
    return briefs


def _outgoing(item: Item, overrides: Mapping[str, Any]) -> Outgoing:
    if item.faults or not isinstance(item.value, dict):
        return Outgoing(
            item, faults=list(item.faults) or [fault((), item.value, "a brief is one JSON object")]
        )
    envelope = {**item.value, **overrides}
    if envelope.get("brief_id") is None:
        envelope.pop("brief_id", None)
    return Outgoing(item, envelope)


def _checked(each: Outgoing, accounts: Mapping[str, Account] | None, settings: Settings) -> Brief | None:
    try:
        if accounts is None:
            brief = parse(each.text, plain_http=settings.reference_private)
        else:
            brief = acceptance.check(each.text, accounts, settings)
    except BriefError as bad:
        each.faults = bad.faults
        return None
    each.status = Status.VALID
    return brief


def _make_ids(briefs: Sequence[Outgoing], settings: Settings, *, as_written: bool) -> None:
    """Give an id to those without one; equal briefs of a file are numbered."""
    met: Counter[tuple[str, str]] = Counter()
    for each in briefs:
        if each.brief is None or each.brief_id is not None:
            continue
        brief = each.brief
        if as_written:
            brief = parse(json.dumps(each.item.value), plain_http=settings.reference_private)
        found = each.item.file, equality.made_id(brief)
        met[found] += 1
        each.envelope["brief_id"] = equality.made_id(brief, met[found])


def _tell_repeated_ids(briefs: Sequence[Outgoing]) -> None:
    """Mark briefs that repeat an id: the worker would take the second for the first, or refuse it."""
    first: dict[str, Outgoing] = {}
    for each in briefs:
        if each.brief is None or each.brief_id is None:
            continue
        other = first.setdefault(each.brief_id, each)
        if other is each or other.brief is None:
            continue
        if equality.parts(each.brief) == equality.parts(other.brief):
            each.status, each.same_as = Status.SAME, other.source
        else:
            each.faults = [fault(("brief_id",), each.brief_id, f"is the id of {other.source} already")]
            each.status = Status.BAD
