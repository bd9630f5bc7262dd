"""A choice among a brief's drafts, by a person or by another system: checked, and put on record once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

from config import keys
from config.limits import Endpoint
from worker.briefs.to_type import argument
from worker.ledger.command_answers import read_answer
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, brief_subject, inside, parse_subject, promotion_subject
from worker.ledger.transition import Answer
from worker.lifecycle import choosing, record_fields
from worker.lifecycle.charges import take_apart
from worker.lifecycle.choosing import Chosen, PickError
from worker.store.functions import Command
from worker.views import snapshots

#: The states of a brief whose drafts were chosen, and of which another may be chosen.
CHOSEN = ("promoting", "done")

#: Most drafts that one choice may name: five instructions have no more.
MOST_PICKS = 100
#: What the journal says of a choice that is made again.
_AGAIN = "choose again"
#: The largest id that a draft may have: the log of actions keeps no more digits of anybody's text.
_LARGEST_ID = 2**63 - 1


#: Is told of a choice that makes more identities than its brief was counted with, and how many, before the
#: choice is put on record; whatever it raises refuses the choice. Returns a function that takes the count
#: back.
Counting = Callable[[str, int], Callable[[], object]]


class UnknownBriefError(PickError):
    """Raised when no brief of this id is on record."""


def pick(
    ledger: Ledger,
    brief_id: str,
    picks: Sequence[int],
    *,
    leave_rest: bool,
    counting: Counting | None = None,
) -> list[int]:
    """Put a choice on record; return the drafts that are promoted, those of other rules as well.

    With `leave_rest` instructions without a pick yield no identity. Raises PickError, which says what can be
    done, and redis.RedisError.
    """
    brief = ledger.read(brief_subject(brief_id))
    if brief is None:
        raise UnknownBriefError(f"no brief {brief_id} is on record")
    if brief.state != "choosing":
        another = f"\n`pick {argument(brief_id)} DRAFT --again` makes one identity more, for its price."
        raise PickError(
            f"brief {brief_id} is {brief.state}: only drafts of a brief that is choosing can be picked\n"
            f"`identity-worker why {argument(brief_id)}` says what becomes of it."
            + (another if brief.state in CHOSEN else "")
        )
    chosen = _choose(brief, picks, leave_rest=leave_rest)
    # Also what a rule has ranked where the person picked none; the brief is counted with one of each.
    pickable = choosing.may_be_picked(record_fields.rules_of(brief))
    more = sum(each.instruction in pickable for each in chosen) - len(pickable)
    # By its drafts: of two choices that come at once each is counted, and one is taken back.
    ids = " ".join(map(str, sorted(set(picks))))
    uncount = counting(f"{brief_id} pick {ids}", more) if counting is not None and more > 0 else None
    planned = ledger.plan(brief_id, [each.fields() for each in chosen], when=brief.same_stay)
    if planned is not Answer.APPLIED:
        if uncount is not None and not is_on_record(ledger, brief_id, picks):
            uncount()
        raise PickError(f"brief {brief_id} was decided on by somebody else just now; see `status {brief_id}`")
    return [draft.image_result_id for each in chosen for draft in each.drafts[:1] if draft.image_result_id]


def are_ids(drafts: object) -> TypeGuard[list[int]]:
    """Return whether this is a list of ids that drafts may have, and no longer than a choice may be."""
    return (
        isinstance(drafts, list)
        and len(drafts) <= MOST_PICKS
        and all(type(each) is int and abs(each) <= _LARGEST_ID for each in drafts)
    )


def is_on_record(ledger: Ledger, brief_id: str, picks: Sequence[int]) -> bool:
    """Return whether these very drafts were chosen before; raises redis.RedisError."""
    brief = ledger.read(brief_subject(brief_id))
    found = [] if brief is None else ledger.promotions(brief)
    if brief is None or brief.state == "choosing" or not found or not picks:
        return False
    rules, ranked = record_fields.rules_of(brief), record_fields.ranked_of(brief)
    chosen = {
        each.json("candidates")[0]["image_result_id"]: int(each.fields["instruction"]) for each in found
    }
    left_to_persons = set(choosing.may_be_picked(rules)) - ranked.keys()
    by_hand = {draft for draft, instruction in chosen.items() if instruction in left_to_persons}
    # What a rule had ranked may have been picked as well: the person was obeyed.
    return by_hand <= set(picks) <= chosen.keys()


def choose_again(
    ledger: Ledger,
    brief_id: str,
    draft: int,
    *,
    instead: int | None,
    by: str,
    why: str | None,
    counting: Counting | None = None,
) -> None:
    """Have a draft promoted that was not chosen: beside those that were, or `instead` of one of them.

    `instead` is the number of its promotion, of which nothing may have begun; else it is one identity more,
    which costs what the others did. Raises PickError, which says what can be done, and redis.RedisError.
    """
    brief = ledger.read(brief_subject(brief_id))
    if brief is None:
        raise UnknownBriefError(f"no brief {brief_id} is on record")
    promotions = ledger.promotions(brief)
    chosen, other = _another(brief, promotions, draft, instead)
    lost = take_apart(snapshots.journal(ledger.client, brief_id)).lost(Endpoint.PROMOTE) if other else ()
    if any(each["subject"] == other for each in lost):
        raise PickError(
            f"the promote of {other} may have arrived: it is asked for again, and keeps its draft"
        )
    uncount = None
    if counting is not None and other is None:
        # By its number too: a draft may be chosen once more after another has taken its place.
        uncount = counting(f"{brief_id} #{brief.get('promotions')} {draft}", 1)
    said = {"draft": draft} | ({} if other is None else {"instead_of": other})
    journal = {"call": "operator", "subject": brief.subject, "what": _AGAIN, "by": by, **said}
    answer = ledger.functions.run(
        _chosen_again(
            brief_id,
            when=brief.same_stay | {"promotions": brief.get("promotions") or ""},
            candidates={each.subject: each.fields["candidates"] for each in promotions},
            fields=chosen.fields(),
            instead=other,
            journal=journal | ({"why": why} if why else {}),
        )
    )
    if answer is not Answer.APPLIED:
        if uncount is not None and not _words_of(ledger, brief_id, draft, None):
            uncount()
        begun = "" if other is None else ", or the draft of before is being promoted by now"
        raise PickError(f"brief {brief_id} has moved meanwhile{begun}; see `status {brief_id}`")


def _another(
    brief: Record, promotions: Sequence[Record], draft: int, instead: int | None
) -> tuple[Chosen, str | None]:
    """Return the promotion of a draft that was not chosen, and the one that it replaces, if any.

    Raises PickError where that can't be.
    """
    brief_id = brief.brief_id
    if brief.state not in CHOSEN or brief.get("kind") is not None:
        raise PickError(
            f"brief {brief_id} is {brief.state}: another draft can be chosen only after a first choice\n"
            f"`identity-worker why {argument(brief_id)}` says what becomes of it."
        )
    free = choosing.open_to_choice(promotions, record_fields.drafts_of(brief))
    found = next((each for each in free if each.image_result_id == draft), None)
    if found is None:
        offer = ", ".join(str(each.image_result_id) for each in free) or "none"
        raise PickError(f"no draft to choose: {draft}; of those that nothing was made of there are: {offer}")
    instruction = choosing.instruction_of(record_fields.rules_of(brief), found)
    other = None if instead is None else promotion_subject(brief_id, instead)
    of = {each.subject: int(each.fields["instruction"]) for each in promotions}
    if other is not None and of.get(other) != instruction:
        raise PickError(f"identity {(instead or 0) + 1} of brief {brief_id} is not of the same instruction")
    return Chosen(instruction, (found,)), other


def is_chosen_again(ledger: Ledger, brief_id: str, draft: int, instead_of: int | None) -> bool:
    """Return whether this very draft was chosen again before: `instead_of` another one, or beside those.

    Raises redis.RedisError.
    """
    subject = _promotion_of(ledger, brief_id, draft)
    if subject is None or (instead_of is not None and _promotion_of(ledger, brief_id, instead_of)):
        return False
    return _words_of(ledger, brief_id, draft, None if instead_of is None else subject)


def _words_of(ledger: Ledger, brief_id: str, draft: int, instead_of: str | None) -> bool:
    """Return whether the journal says that a draft was chosen again, in place of a promotion's or beside."""
    words = [each for each in snapshots.journal(ledger.client, brief_id) if each.get("what") == _AGAIN]
    return any(each["draft"] == draft and each.get("instead_of") == instead_of for each in words)


def number_of(ledger: Ledger, brief_id: str, draft: int) -> int:
    """Return the number of the promotion that a draft is chosen for. Raises PickError where there is none."""
    subject = _promotion_of(ledger, brief_id, draft)
    if subject is not None:
        return parse_subject(subject).number or 0
    raise PickError(f"draft {draft} was not chosen of brief {brief_id}; see `status {brief_id}`")


def offers(ledger: Ledger, brief_id: str) -> dict[int, list[int]]:
    """Return the drafts that `choose_again` may be given, each with those that it may take the place of.

    Whether the promotion of one has begun is known when it is tried. Raises redis.RedisError.
    """
    brief = ledger.read(brief_subject(brief_id))
    if brief is None or brief.state not in CHOSEN or brief.get("kind") is not None or brief.get("wish"):
        return {}
    promotions, rules = ledger.promotions(brief), record_fields.rules_of(brief)
    found: dict[int, list[int]] = {}
    for draft in choosing.open_to_choice(promotions, record_fields.drafts_of(brief)):
        instruction = choosing.instruction_of(rules, draft)
        found[draft.image_result_id or 0] = [
            record_fields.current_draft(each)["image_result_id"]
            for each in promotions
            if each.state == "planned"
            and each.get("identity_code") is None
            and int(each.fields["instruction"]) == instruction
        ]
    return found


def _chosen_again(brief: str, **given: Any) -> Command[Answer]:
    journal: Mapping[str, Any] = given["journal"]
    key = keys.RECORD(brief_subject(brief))
    return Command(
        "choose_again", key, read_answer, {**given, "brief": brief, "journal": inside(journal) + "}"}
    )


def _promotion_of(ledger: Ledger, brief_id: str, draft: int) -> str | None:
    """Return the promotion that a draft is chosen for now, None where there is none."""
    brief = ledger.read(brief_subject(brief_id))
    for each in [] if brief is None else ledger.promotions(brief):
        if record_fields.current_draft(each)["image_result_id"] == draft:
            return each.subject
    return None


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
