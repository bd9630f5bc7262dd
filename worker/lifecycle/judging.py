"""Asks the rules that look at drafts, and records what they have said: a choice, or why a person is asked.

A brief whose drafts are still to be looked at has the mark `judging`. The decisions replace it in one call,
which compares that the brief has not moved: a person's pick that came before stays, and a second run changes
nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from worker.briefs.choices import Choose
from worker.choosing.question import Candidate, Decision, Question, asks_person, told
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record
from worker.ledger.transition import Answer, Note, Transition
from worker.lifecycle import choosing, record_fields
from worker.lifecycle.transitions import AT_ONCE
from worker.piktid.answers import Draft

if TYPE_CHECKING:
    from worker.ledger.events import DraftsReady

#: After this many failures in a row to fetch pictures, the rules are asked without them.
MOST_FAILURES = 5
MARK = {"judging": "1"}
#: Characters of an error that is kept.
_LONGEST_ERROR = 200
#: The fields that are removed once the rules' answers are on record.
_DONE_WITH = ("judging", "tries", "error")


def begin(ready: Transition, rules: Sequence[str], drafts: Sequence[Draft]) -> Transition:
    """Return a move to `choosing` that also marks the brief for the rules that look at pictures."""
    if not choosing.judged(rules, drafts):
        return ready
    return replace(ready, fields={**ready.fields, **MARK}, timer_ms=AT_ONCE)


def is_due(brief: Record) -> bool:
    """Return whether a rule has yet to look at a brief's drafts."""
    return brief.state == "choosing" and brief.get("judging") is not None


def shown(brief: Record) -> list[Draft]:
    """Return the drafts that rules have yet to look at."""
    rules, drafts = record_fields.rules_of(brief), record_fields.drafts_of(brief)
    judged = choosing.judged(rules, drafts)
    return [draft for draft in drafts if draft.usable and choosing.instruction_of(rules, draft) in judged]


def questions(brief: Record, pictures: Mapping[int, bytes | str]) -> list[Question]:
    """Return the questions to the rules; `pictures` has each draft's bytes, or why they can't be had."""
    rules, drafts = record_fields.rules_of(brief), record_fields.drafts_of(brief)
    return [
        Question(
            instruction=number,
            rule=rules[number],
            brief=_told(brief, number),
            drafts=tuple(_candidate(draft, pictures) for draft in choosing.usable_of(rules, drafts, number)),
        )
        for number in choosing.judged(rules, drafts)
    ]


def _candidate(draft: Draft, pictures: Mapping[int, bytes | str]) -> Candidate:
    number = draft.image_result_id or 0  # one that can be promoted has an id
    found = pictures.get(number, "nobody has looked for its picture")
    if isinstance(found, bytes):
        return Candidate(number, draft.group_index, found)
    return Candidate(number, draft.group_index, None, found)


def _told(brief: Record, instruction: int) -> dict[str, Any]:
    envelope = json.loads("{" + (brief.get("envelope") or "") + "}")
    return told(
        brief_id=brief.brief_id,
        account=brief.account,
        batch=brief.get("batch"),
        name=brief.get("name"),
        metadata=envelope.get("metadata", {}),
        body=brief.json("body", {}),
        instruction=instruction,
    )


def record(ledger: Ledger, brief: Record, decisions: Sequence[Decision]) -> Answer:
    """Put decisions on record: the promotions; or that a person must choose, which an event tells."""
    said = [each.as_json() for each in decisions]
    fields = {"decisions": json.dumps(said, ensure_ascii=False)}
    rules, drafts = record_fields.rules_of(brief), record_fields.drafts_of(brief)
    ranked = {each.instruction: each.ranked for each in decisions if each.ranked}
    chosen = choosing.choose(rules, drafts, ranked=ranked)
    if chosen is not None:
        return ledger.plan(
            brief.brief_id, [each.fields() for each in chosen], when=brief.same_stay, fields=fields
        )
    waits = Note(
        when=brief.same_stay | MARK,
        fields=fields,
        forget=_DONE_WITH,
        event=_asking(brief, decisions),
        idle=True,
    )
    return ledger.note(brief, waits)


def _asking(brief: Record, decisions: Sequence[Decision]) -> "DraftsReady | None":
    """Return the event that a person is asked in place of rules; None if every rule has chosen."""
    asked = {each.instruction: each.asks for each in decisions if each.asks is not None}
    if not asked:
        return None
    rules = record_fields.rules_of(brief)
    choose = [Choose.MANUAL if number in asked else rule for number, rule in enumerate(rules)]
    because = "; ".join(f"instructions[{number}]: {why}" for number, why in asked.items())
    event = record_fields.drafts_ready(brief, record_fields.drafts_of(brief))
    return event.model_copy(update={"choose": choose, "because": because})


def ask_person(ledger: Ledger, brief: Record, why: str) -> Answer:
    """Have a person decide in place of the rules."""
    return record(ledger, brief, [asks_person(each, why) for each in questions(brief, {})])


def failures(brief: Record) -> int:
    """Return how often in a row pictures could not be had."""
    return int(brief.get("tries") or 0)


def again(brief: Record, error: str, pause_ms: int) -> Note:
    """Return a note that the pictures could not be fetched, and are fetched again after `pause_ms` ms."""
    fields = {"tries": str(failures(brief) + 1), "error": error[:_LONGEST_ERROR]}
    return Note(when=brief.same_stay | MARK, fields=fields, timer_ms=pause_ms)
