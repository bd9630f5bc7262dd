"""Chooses the drafts that are promoted, and the next one when the API refuses one.

Each instruction has its own rule (guide, *Promoting a draft*): `first` promotes its first finished draft and
falls back to the next ones; `all` promotes each; `manual` waits for a person. A rule that looks at pictures
(`worker/choosing`) ranks them: as of `first`, the next one follows a refused one. Where it can't, and where a
person was faster, the person decides.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from config.errors import IdentityWorkerError
from worker.briefs.choices import Choose, is_judged
from worker.ledger.records import Record
from worker.piktid.answers import Draft


class Chosen(NamedTuple):
    """One promotion to make: its instruction, and the drafts to try, best first."""

    instruction: int
    drafts: tuple[Draft, ...]

    def fields(self) -> dict[str, str]:
        """Return the promotion's fields that hold the choice."""
        return {
            "instruction": str(self.instruction),
            "candidates": json.dumps([candidate(draft) for draft in self.drafts]),
            "tried": "0",
        }


#: Ids of drafts that rules have chosen by what is seen in them, best first, by instruction.
Ranked = Mapping[int, Sequence[int]]
_NONE: Ranked = {}


def instruction_of(rules: Sequence[str], draft: Draft) -> int:
    """Return the number of a draft's instruction: its `image_index`, or the last one if there is no such."""
    return draft.image_index if draft.image_index < len(rules) else len(rules) - 1


class PickError(IdentityWorkerError):
    """Raised when a person picked drafts that can't be promoted; says which and what is on offer."""


def candidate(draft: Draft) -> dict[str, object]:
    """Return the fields that are kept of a draft: enough to promote it and to show it."""
    return {
        "image_result_id": draft.image_result_id,
        "url": draft.url,
        "status": draft.status,
        "image_index": draft.image_index,
        "group_index": draft.group_index,
    }


def choose(
    rules: Sequence[str], drafts: Sequence[Draft], picks: Sequence[int] = (), ranked: Ranked = _NONE
) -> list[Chosen] | None:
    """Return the promotions to make, by instruction; None while a person or a picture rule has yet to choose.

    `rules` has one for each instruction. Raises ValueError for a rule that this version does not know.
    """
    if unpicked(rules, drafts, (), ranked) and not picks:
        return None
    chosen: list[Chosen] = []
    for instruction, rule in enumerate(rules):
        usable = usable_of(rules, drafts, instruction)
        chosen += _by_rule(rule, instruction, usable, picks, ranked.get(instruction, ()))
    return chosen


def usable_of(rules: Sequence[str], drafts: Sequence[Draft], instruction: int) -> list[Draft]:
    """Return the finished drafts of an instruction."""
    return [draft for draft in drafts if draft.usable and instruction_of(rules, draft) == instruction]


def _by_rule(
    rule: str, instruction: int, usable: Sequence[Draft], picks: Sequence[int], ranked: Sequence[int]
) -> list[Chosen]:
    picked = [Chosen(instruction, (draft,)) for draft in usable if draft.image_result_id in picks]
    if rule == Choose.FIRST:
        return [Chosen(instruction, tuple(usable))] if usable else []
    if rule == Choose.ALL:
        return [Chosen(instruction, (draft,)) for draft in usable]
    if rule == Choose.MANUAL:
        return picked
    if not is_judged(rule):
        raise ValueError(f"choose {rule!r} is no rule that this version knows")
    found = {draft.image_result_id: draft for draft in usable}
    best = tuple(found[draft] for draft in ranked if draft in found)
    return picked or ([Chosen(instruction, best)] if best else [])


def _may_be_picked(rule: str) -> bool:
    return rule == Choose.MANUAL or is_judged(rule)


def may_be_picked(rules: Sequence[str]) -> list[int]:
    """Return the instructions in which a person may pick: those that wait for one, or for a picture rule."""
    return [number for number, rule in enumerate(rules) if _may_be_picked(rule)]


def judged(rules: Sequence[str], drafts: Sequence[Draft]) -> list[int]:
    """Return the instructions whose finished drafts a rule has to look at."""
    offered = {instruction_of(rules, draft) for draft in drafts if draft.usable}
    return [number for number in sorted(offered) if is_judged(rules[number])]


def check_picks(rules: Sequence[str], drafts: Sequence[Draft], picks: Sequence[int]) -> None:
    """Raise PickError unless each pick is a finished draft of an instruction in which a person may pick."""
    on_offer = [
        draft.image_result_id
        for draft in drafts
        if draft.usable and _may_be_picked(rules[instruction_of(rules, draft)])
    ]
    wrong = [pick for pick in picks if pick not in on_offer]
    if wrong or not picks:
        offer = ", ".join(map(str, on_offer)) or "none"
        raise PickError(f"no draft to pick: {', '.join(map(str, wrong)) or '(nothing)'}; on offer: {offer}")


def unpicked(
    rules: Sequence[str], drafts: Sequence[Draft], picks: Sequence[int], ranked: Ranked = _NONE
) -> list[int]:
    """Return the instructions with finished drafts of which neither a person nor a rule has chosen any."""
    usable = [draft for draft in drafts if draft.usable]
    offered = {instruction_of(rules, draft) for draft in usable}
    picked = {instruction_of(rules, draft) for draft in usable if draft.image_result_id in picks}
    left = sorted(offered - picked - ranked.keys())
    return [number for number in left if _may_be_picked(rules[number])]


def open_to_choice(promotions: Sequence[Record], drafts: Sequence[Draft]) -> list[Draft]:
    """Return the finished drafts that are no identities, and that no promotion may still fall back on.

    A promotion that is not ready may fall back on each of its drafts; so may a failed one, if it is retried.
    """
    used: set[object] = set()
    for each in promotions:
        candidates = each.json("candidates")
        tried = int(each.fields["tried"])
        mine = candidates[tried : tried + 1] if each.state == "ready" else candidates
        used |= {candidate["image_result_id"] for candidate in mine}
    return [draft for draft in drafts if draft.usable and draft.image_result_id not in used]


def next_candidate(candidates: Sequence[Mapping[str, object]], candidate_index: int) -> int | None:
    """Return the index of the candidate after this one, None when it is the last."""
    return candidate_index + 1 if candidate_index + 1 < len(candidates) else None
