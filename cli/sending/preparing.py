"""Checks the briefs of files one after the other, gives each its id, and keeps them for the sending."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.sending.files import Item
from cli.sending.outgoing import EQUAL, Outgoing, Status, Takes
from cli.sending.photos import PhotoCheck
from cli.sending.shorthand import Setting, whole
from cli.sending.spool import Spool
from config.settings import Settings
from worker.briefs import equality
from worker.briefs.brief import Brief, parse
from worker.briefs.choices import is_judged
from worker.briefs.faults import BriefError, Fault, fault
from worker.choosing.installed import fault_of
from worker.lifecycle import acceptance


@dataclass(frozen=True)
class Rules:
    """What the briefs of a run are checked by, and what of them a person has said otherwise."""

    settings: Settings
    accounts: Mapping[str, acceptance.HasLimits] | None = None
    """Without them it is left to the worker to check that a brief's account exists, and its rules too."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Fields of all envelopes."""
    set_to: Sequence[Setting] = ()
    as_written: bool = False
    """Whether a brief without an id has it from what it said before it was overridden."""

    def check(self, envelope: Mapping[str, Any]) -> Brief:
        """Return the brief. Raises BriefError."""
        if self.accounts is None:
            return parse(envelope, plain_http=self.settings.reference_private)
        brief = acceptance.check(envelope, self.accounts, self.settings)
        faults = [
            fault(("choose",), rule, why)
            for rule in dict.fromkeys(brief.choices())
            if is_judged(rule) and (why := fault_of(rule)) is not None
        ]
        if faults:
            raise BriefError(faults)
        return brief

    def origin(self, written: Mapping[str, Any], brief: Brief) -> Brief:
        """Return the brief that an id is made from. Raises BriefError."""
        return parse(written, plain_http=self.settings.reference_private) if self.as_written else brief


def prepare(items: Iterable[Item], rules: Rules, photos: PhotoCheck) -> Spool:
    """Return the briefs as they would be sent, checked. Only one of them is in memory at a time.

    A brief without an id has one made from its content; equal briefs of a file are numbered.
    """
    spool = Spool()
    for item in items:
        spool.add(_prepared(item, rules, photos, spool))
    return spool


def _prepared(item: Item, rules: Rules, photos: PhotoCheck, spool: Spool) -> Outgoing:
    each = Outgoing(item)
    if item.faults or not isinstance(item.value, dict):
        each.faults = list(item.faults) or [fault((), item.value, "a brief is one JSON object")]
        return each
    written = whole(item.value)
    envelope = {**written, **rules.overrides}
    for setting in rules.set_to:
        setting.apply(envelope)
    if envelope.get("brief_id") is None:
        envelope.pop("brief_id", None)
    each.brief_id = envelope.get("brief_id")
    try:
        brief = rules.check(envelope)
        origin = rules.origin(written, brief)
    except BriefError as bad:
        each.faults = _named(bad.faults, item)
        return each
    digests = equality.parts(brief)
    number = 1
    if each.brief_id is None:
        each.brief_id, number = _made_id(origin, digests if origin is brief else None, item, spool)
        envelope["brief_id"] = each.brief_id
    each.text = json.dumps(envelope, ensure_ascii=False)
    each.takes = Takes.of(brief)
    each.notes, each.status = [*brief.notes, *([EQUAL] if number > 1 else [])], Status.VALID
    _tell_repeated(each, equality.digest(digests), spool)
    if each.status is Status.VALID and (unusable := photos.faults(brief)):
        each.faults, each.status = _named(unusable, item), Status.BAD
    return each


def _named(faults: Sequence[Fault], item: Item) -> list[Fault]:
    return list(faults) if item.table is None else [item.table.named(each) for each in faults]


def _made_id(brief: Brief, digests: Mapping[str, str] | None, item: Item, spool: Spool) -> tuple[str, int]:
    """Return the id, and which of its file's equal briefs it is, from 1."""
    first = equality.made_id(brief, digests=digests)
    number = spool.count_of(item.file, first)
    return (first if number == 1 else equality.made_id(brief, number, digests)), number


def _tell_repeated(each: Outgoing, said: str, spool: Spool) -> None:
    """Mark a brief that repeats an id: the worker would take the second for the first, or refuse it."""
    if each.brief_id is None:
        return
    met = spool.first_of(each.brief_id, said, spool.next_number)
    if met is None:
        return
    if met[0] == said:
        each.status, each.same_as = Status.SAME, met[1]
    else:
        repeated = fault(("brief_id",), each.brief_id, f"is the id of {met[1]} already")
        each.faults = _named([repeated], each.item)
        each.status = Status.BAD
