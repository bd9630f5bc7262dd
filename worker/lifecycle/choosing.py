"""Chooses the drafts that are promoted, and the next one when the API refuses one.

Each instruction has its own rule (guide, *Promoting a draft*): `first` promotes its first finished draft and
falls back to the next ones; `all` promotes each; `manual` waits for a person.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from config.errors import IdentityWorkerError
from worker.briefs.envelope import Choose
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


def _instruction(rules: Sequence[Choose], draft: Draft) -> int:
    """Return a draft's instruction: its `image_index`, unless the brief has no other or no such one."""
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
    rules: Sequence[Choose], drafts: Sequence[Draft], picks: Sequence[int] = ()
) -> list[Chosen] | None:
    """Return the promotions to make, by instruction; None while a person has yet to choose.

    `rules` has one for each instruction.
    """
    waits = any(draft.usable and rules[_instruction(rules, draft)] is Choose.MANUAL for draft in drafts)
    if waits and not picks:
        return None
    chosen: list[Chosen] = []
    for instruction, rule in enumerate(rules):
        usable = [draft for draft in drafts if draft.usable and _instruction(rules, draft) == instruction]
        chosen += _by_rule(rule, instruction, usable, picks)
    return chosen


def _by_rule(rule: Choose, instruction: int, usable: Sequence[Draft], picks: Sequence[int]) -> list[Chosen]:
    if rule is Choose.FIRST:
        return [Chosen(instruction, tuple(usable))] if usable else []
    wanted = usable if rule is Choose.ALL else [draft for draft in usable if draft.image_result_id in picks]
    return [Chosen(instruction, (draft,)) for draft in wanted]


def check_picks(rules: Sequence[Choose], drafts: Sequence[Draft], picks: Sequence[int]) -> None:
    """Raise PickError unless each pick is a finished draft of an instruction that waits for a person."""
    on_offer = [
        draft.image_result_id
        for draft in drafts
        if draft.usable and rules[_instruction(rules, draft)] is Choose.MANUAL
    ]
    wrong = [pick for pick in picks if pick not in on_offer]
    if wrong or not picks:
        offer = ", ".join(map(str, on_offer)) or "none"
        raise PickError(f"no draft to pick: {', '.join(map(str, wrong)) or '(nothing)'}; on offer: {offer}")


def unpicked(rules: Sequence[Choose], drafts: Sequence[Draft], picks: Sequence[int]) -> list[int]:
    """Return the instructions that wait for a person, have finished drafts, and have none of them picked."""
    usable = [draft for draft in drafts if draft.usable]
    offered = {_instruction(rules, draft) for draft in usable}
    picked = {_instruction(rules, draft) for draft in usable if draft.image_result_id in picks}
    return [number for number in sorted(offered - picked) if rules[number] is Choose.MANUAL]


def next_candidate(candidates: Sequence[Mapping[str, object]], candidate_index: int) -> int | None:
    """Return the index of the candidate after this one, None when it is the last."""
    return candidate_index + 1 if candidate_index + 1 < len(candidates) else None
