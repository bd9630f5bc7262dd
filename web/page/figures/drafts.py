"""The drafts of a brief as they are chosen from: by instruction, each with its picture and its key."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from web.page.figures.rows import is_picture
from worker.views.models import BriefView

#: Keys that pick a draft: 1 to 9.
_KEYS = 9


@dataclass(frozen=True)
class Draft:
    """A draft."""

    draft_id: int
    picture: str
    status: str
    key: str
    """The key that picks it; blank: it is picked by hand."""
    said: str
    """What a rule said of it."""
    chosen: str
    """The state of the identity that it becomes; blank: it becomes none."""


@dataclass(frozen=True)
class Instruction:
    """The drafts of an instruction, side by side."""

    number: int
    rule: str
    prompt: str
    drafts: tuple[Draft, ...]
    may_pick: bool


def instructions(brief: BriefView) -> list[Instruction]:
    """Return the drafts of a brief; a person may pick where it waits for that."""
    keys = count(1)
    to_pick = brief.to_pick if brief.waits_for_pick else ()
    prompts = [str(each.get("prompt") or "") for each in (brief.body or {}).get("instructions") or [{}]]
    rules = brief.choose or ("",)
    found = []
    for number, rule in enumerate(rules):
        drafts = tuple(_drafts(brief, number, keys if number in to_pick else None))
        prompt = prompts[number] if number < len(prompts) else ""
        found.append(Instruction(number, rule, prompt, drafts, number in to_pick and bool(drafts)))
    return [each for each in found if each.drafts]


def _drafts(brief: BriefView, number: int, keys: Iterator[int] | None) -> Iterator[Draft]:
    last = max(len(brief.choose) - 1, 0)
    chosen = {each.image_result_id: each.state for each in brief.promotions}
    said = {
        draft["image_result_id"]: str(draft.get("said") or draft.get("fault") or "")
        for decision in brief.decisions
        for draft in decision["drafts"]
    }
    for draft in brief.drafts:
        if min(draft["image_index"], last) != number:
            continue
        is_usable = bool(draft.get("url")) and is_picture(draft["url"])
        key = next(keys) if keys is not None and is_usable else 0
        draft_id = draft["image_result_id"]
        yield Draft(
            draft_id=draft_id,
            picture=draft["url"] if is_usable else "",
            status=draft["status"],
            key=str(key) if 0 < key <= _KEYS else "",
            said=said.get(draft_id, ""),
            chosen=chosen.get(draft_id, ""),
        )
