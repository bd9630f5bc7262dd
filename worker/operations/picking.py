"""A choice among a brief's drafts, by a person or by another system: checked, and put on record once."""

from collections.abc import Sequence

from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, brief_subject, promotion_subject
from worker.ledger.transition import Answer
from worker.lifecycle import choosing, record_fields
from worker.lifecycle.choosing import Chosen, PickError


class UnknownBriefError(PickError):
    """Raised when no brief of this id is on record."""


def pick(ledger: Ledger, brief_id: str, picks: Sequence[int], *, leave_rest: bool) -> list[int]:
    """Put a choice on record; return the drafts that are promoted, those of other rules as well.

    With `leave_rest` instructions without a pick yield no identity. Raises PickError, which says what can be
    done, and redis.RedisError.
    """
    brief = ledger.read(brief_subject(brief_id))
    if brief is None:
        raise UnknownBriefError(f"no brief {brief_id} is on record")
    if brief.state != "choosing":
        raise PickError(
            f"brief {brief_id} is {brief.state}: only drafts of a brief that is choosing can be picked\n"
            f"`identity-worker why {brief_id}` says what becomes of it."
        )
    chosen = _choose(brief, picks, leave_rest=leave_rest)
    planned = ledger.plan(brief_id, [each.fields() for each in chosen], when=brief.same_stay)
    if planned is not Answer.APPLIED:
        raise PickError(f"brief {brief_id} was decided on by somebody else just now; see `status {brief_id}`")
    return [draft.image_result_id for each in chosen for draft in each.drafts[:1] if draft.image_result_id]


def is_on_record(ledger: Ledger, brief_id: str, picks: Sequence[int]) -> bool:
    """Return whether these very drafts were chosen before; raises redis.RedisError."""
    brief = ledger.read(brief_subject(brief_id))
    count = int(brief.get("promotions") or 0) if brief is not None else 0
    if brief is None or brief.state == "choosing" or not count or not picks:
        return False
    found = [ledger.read(promotion_subject(brief_id, number)) for number in range(count)]
    rules, ranked = record_fields.rules_of(brief), record_fields.ranked_of(brief)
    chosen = {
        each.json("candidates")[0]["image_result_id"]: int(each.fields["instruction"])
        for each in found
        if each is not None
    }
    left_to_persons = set(choosing.may_be_picked(rules)) - ranked.keys()
    by_hand = {draft for draft, instruction in chosen.items() if instruction in left_to_persons}
    # What a rule had ranked may have been picked as well: the person was obeyed.
    return by_hand <= set(picks) <= chosen.keys()


def _choose(brief: Record, picks: Sequence[int], *, leave_rest: bool) -> list[Chosen]:
    rules, drafts = record_fields.rules_of(brief), record_fields.drafts_of(brief)
    ranked = record_fields.ranked_of(brief)
    choosing.check_picks(rules, drafts, picks)
    left = choosing.unpicked(rules, drafts, picks, ranked)
    if left and not leave_rest:
        # There is no second pick: their drafts, which are paid for, would be lost.
        names = ", ".join(f"instructions[{number}]" for number in left)
        raise PickError(f"no pick for {names}; name a draft of each, or add --leave-rest")
    return choosing.choose(rules, drafts, picks, ranked) or []
