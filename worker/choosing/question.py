"""What a chooser is asked and what came of it, as plain values; nothing here looks at a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Candidate:
    """A draft that a chooser may name, and its picture; if that could not be had, None and why."""

    image_result_id: int
    group_index: int
    """Which of its instruction's variations it is, from 0."""
    picture: bytes | None = field(repr=False)
    fault: str = ""

    def told(self) -> dict[str, Any]:
        """Return what a chooser is told of it beside its picture."""
        return {"image_result_id": self.image_result_id, "group_index": self.group_index}


@dataclass(frozen=True, slots=True)
class Question:
    """Which of an instruction's drafts is the best? In the order in which the API has them."""

    instruction: int
    rule: str
    """`best` or `plugin:NAME`."""
    brief: Mapping[str, Any]
    """What a plug-in is told of the brief: as JSON, without anything that gives access."""
    drafts: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule has decided on the drafts of an instruction."""

    instruction: int
    rule: str
    version: str | None
    """Of the rule and what it looks with; None where it was not found."""
    ranked: tuple[int, ...]
    """Ids of the drafts that it would have, best first; none where a person is asked."""
    asks: str | None
    """Why a person is asked; None where it has chosen."""
    drafts: tuple[Mapping[str, Any], ...] = ()
    """What it said of each draft, in their order: `image_result_id`, `rank` (None: not to be chosen) ..."""

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands on a brief's record."""
        said = {
            "instruction": self.instruction,
            "rule": self.rule,
            "version": self.version,
            "chosen": self.ranked[0] if self.ranked else None,
            "ranked": list(self.ranked),
            "drafts": [dict(each) for each in self.drafts],
        }
        return said if self.asks is None else said | {"asks": self.asks}


def told(
    *,
    brief_id: str,
    account: str,
    batch: str | None,
    name: str | None,
    metadata: Mapping[str, Any],
    body: Mapping[str, Any],
    instruction: int,
) -> dict[str, Any]:
    """Return what a plug-in is told of a brief: no link, and no file of the account."""
    instructions = body.get("instructions") or []
    described = instructions[instruction] if instruction < len(instructions) else {}
    return {
        "brief_id": brief_id,
        "account": account,
        "batch": batch,
        "name": name,
        "metadata": metadata,
        "options": body.get("options") or {},
        "instruction_number": instruction,
        "instruction": {field: value for field, value in described.items() if field != "input_assets"},
    }


def asks_person(question: Question, why: str) -> Decision:
    """Return the decision that a person decides, and why."""
    drafts = tuple(_unseen(each) for each in question.drafts)
    return Decision(question.instruction, question.rule, None, (), why, drafts)


def _unseen(candidate: Candidate) -> dict[str, Any]:
    unseen: dict[str, Any] = {"image_result_id": candidate.image_result_id, "rank": None}
    return unseen if not candidate.fault else unseen | {"fault": candidate.fault}


def chosen_by(decisions: Sequence[Mapping[str, Any]]) -> dict[int, tuple[int, ...]]:
    """Return the ids that rules have chosen, best first, by instruction; `decisions` as on record."""
    return {each["instruction"]: tuple(each["ranked"]) for each in decisions if each["ranked"]}
