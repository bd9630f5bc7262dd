"""Which drafts are promoted: each instruction's rule, a person's picks, what follows a refused draft."""

import json

import pytest

from worker.briefs.choices import Choose
from worker.lifecycle.choosing import (
    Chosen,
    PickError,
    check_picks,
    choose,
    judged,
    next_candidate,
    unpicked,
)
from worker.piktid.answers import Draft

ALL, FIRST, MANUAL, BEST = Choose.ALL, Choose.FIRST, Choose.MANUAL, Choose.BEST


def draft(number: int, instruction: int = 0, status: str = "completed") -> Draft:
    return Draft(number, f"https://cdn/{number}", status, image_index=instruction)


#: Two finished drafts of each of two instructions, as the API mixes them, and one of each that is unfinished.
DRAFTS = [
    draft(10, 1),
    draft(1),
    draft(2, status="failed"),
    draft(3),
    draft(11, 1, status="processing"),
    draft(12, 1),
]
#: A promotion to make: its instruction and the ids of its drafts, best first.
Promotions = list[tuple[int, list[int | None]]]


def promotions(chosen: list[Chosen] | None) -> Promotions | None:
    if chosen is None:
        return None
    return [(each.instruction, [draft.image_result_id for draft in each.drafts]) for each in chosen]


@pytest.mark.parametrize(
    ("rules", "picks", "expected"),
    [
        ([FIRST], [], [(0, [10, 1, 3, 12])]),
        ([FIRST, FIRST], [], [(0, [1, 3]), (1, [10, 12])]),
        ([ALL, ALL], [], [(0, [1]), (0, [3]), (1, [10]), (1, [12])]),
        ([FIRST, ALL], [], [(0, [1, 3]), (1, [10]), (1, [12])]),
        ([FIRST, FIRST, FIRST], [], [(0, [1, 3]), (1, [10, 12])]),
        ([MANUAL, MANUAL], [3, 10], [(0, [3]), (1, [10])]),
        ([MANUAL, MANUAL], [12], [(1, [12])]),
        ([MANUAL, FIRST], [1, 3], [(0, [1]), (0, [3]), (1, [10, 12])]),
        ([ALL, MANUAL], [12], [(0, [1]), (0, [3]), (1, [12])]),
        ([MANUAL, ALL], [1, 2, 12], [(0, [1]), (1, [10]), (1, [12])]),
    ],
)
def test_each_instruction_is_chosen_from_by_its_own_rule(
    rules: list[Choose], picks: list[int], expected: Promotions
) -> None:
    assert promotions(choose(rules, DRAFTS, picks)) == expected


@pytest.mark.parametrize(
    ("rules", "picks", "ranked", "expected"),
    [
        ([BEST, FIRST], [], {0: (3, 1)}, [(0, [3, 1]), (1, [10, 12])]),
        ([BEST, FIRST], [1], {0: (3, 1)}, [(0, [1]), (1, [10, 12])]),
        ([BEST, FIRST], [1], {}, [(0, [1]), (1, [10, 12])]),
        (["plugin:x", MANUAL], [12], {0: (3,)}, [(0, [3]), (1, [12])]),
        (["plugin:x", MANUAL], [12], {}, [(1, [12])]),
        ([BEST, "plugin:x"], [], {0: (3,), 1: (2, 12)}, [(0, [3]), (1, [12])]),
        ([BEST, "plugin:x"], [], {0: (3,)}, None),
        ([ALL, BEST], [], {}, None),
    ],
)
def test_a_rule_that_looks_ranks_drafts_and_a_pick_overrides_it(
    rules: list[str], picks: list[int], ranked: dict[int, tuple[int, ...]], expected: Promotions | None
) -> None:
    assert promotions(choose(rules, DRAFTS, picks, ranked)) == expected


def test_a_rule_that_is_not_known_chooses_nothing() -> None:
    with pytest.raises(ValueError, match="'dice' is no rule that this version knows"):
        choose(["dice"], DRAFTS)


@pytest.mark.parametrize(
    ("rules", "looking"), [([BEST, "plugin:x"], [0, 1]), ([FIRST, BEST], [1]), ([ALL], [])]
)
def test_rules_look_where_there_are_finished_drafts(rules: list[str], looking: list[int]) -> None:
    assert judged(rules, DRAFTS) == looking
    assert judged(rules, [draft(1, 0, "failed")]) == []


@pytest.mark.parametrize("rules", [[MANUAL], [MANUAL, FIRST], [FIRST, MANUAL], [ALL, MANUAL]])
def test_nothing_is_chosen_before_a_person_has_picked(rules: list[Choose]) -> None:
    assert choose(rules, DRAFTS) is None


@pytest.mark.parametrize(
    ("rules", "drafts", "expected"),
    [
        ([MANUAL, FIRST], [draft(1, 1)], [(1, [1])]),
        ([MANUAL, FIRST], [draft(1, 0, "failed"), draft(2, 1)], [(1, [2])]),
        ([MANUAL], [draft(1, 0, "failed")], []),
        ([FIRST], [], []),
        ([ALL], [draft(1, 0, "aborted")], []),
    ],
)
def test_an_instruction_without_a_finished_draft_is_waited_for_by_nobody(
    rules: list[Choose], drafts: list[Draft], expected: Promotions
) -> None:
    assert promotions(choose(rules, drafts)) == expected


def test_a_finished_draft_without_an_id_cannot_be_promoted() -> None:
    nameless = Draft(None, "https://cdn/0", "completed")
    assert promotions(choose([FIRST], [nameless, draft(1)])) == [(0, [1])]
    assert promotions(choose([MANUAL], [nameless])) == []


@pytest.mark.parametrize(("index", "instruction"), [(0, 0), (1, 1), (2, 1), (9, 1)])
def test_a_draft_of_no_known_instruction_is_one_of_the_last(index: int, instruction: int) -> None:
    assert promotions(choose([FIRST, ALL], [draft(1, index)])) == [(instruction, [1])]


def test_a_promotion_keeps_of_its_drafts_what_promotes_and_shows_them() -> None:
    drafts = (Draft(7, "u", "completed", image_index=2, group_index=1, version=4), draft(8, 2))
    fields = Chosen(2, drafts).fields()
    assert json.loads(fields.pop("candidates")) == [
        {"image_result_id": 7, "url": "u", "status": "completed", "image_index": 2, "group_index": 1},
        {
            "image_result_id": 8,
            "url": "https://cdn/8",
            "status": "completed",
            "image_index": 2,
            "group_index": 0,
        },
    ]
    assert fields == {"instruction": "2", "tried": "0"}


# --- a person's picks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rules", "picks"), [([MANUAL, MANUAL], [3, 10]), ([MANUAL, FIRST], [1])])
def test_finished_drafts_of_manual_instructions_may_be_picked(rules: list[Choose], picks: list[int]) -> None:
    check_picks(rules, DRAFTS, picks)


@pytest.mark.parametrize(
    ("rules", "picks", "told"),
    [
        ([MANUAL, FIRST], [1, 10, 99], "no draft to pick: 10, 99; on offer: 1, 3"),
        ([MANUAL, MANUAL], [2], "no draft to pick: 2; on offer: 10, 1, 3, 12"),
        ([FIRST, MANUAL], [], "no draft to pick: (nothing); on offer: 10, 12"),
        ([FIRST, ALL], [1], "no draft to pick: 1; on offer: none"),
    ],
)
def test_any_other_pick_is_refused_with_what_is_on_offer(
    rules: list[Choose], picks: list[int], told: str
) -> None:
    with pytest.raises(PickError) as refused:
        check_picks(rules, DRAFTS, picks)
    assert str(refused.value) == told


@pytest.mark.parametrize(
    ("rules", "picks", "instructions"),
    [
        ([MANUAL, MANUAL], [], [0, 1]),
        ([MANUAL, MANUAL], [1], [1]),
        ([MANUAL, MANUAL], [12, 3], []),
        ([MANUAL, FIRST], [1], []),
        ([FIRST, MANUAL], [1], [1]),
        ([MANUAL, MANUAL], [2, 10], [0]),
        ([MANUAL, MANUAL, MANUAL], [1, 10], []),
        ([MANUAL], [12], []),
    ],
)
def test_a_manual_instruction_with_finished_drafts_wants_a_pick(
    rules: list[Choose], picks: list[int], instructions: list[int]
) -> None:
    assert unpicked(rules, DRAFTS, picks) == instructions


# --- the draft after a refused one -------------------------------------------------------------------------


@pytest.mark.parametrize(("candidate_index", "following"), [(0, 1), (1, 2), (2, None)])
def test_after_a_refused_draft_comes_the_next_ranked_one(candidate_index: int, following: int | None) -> None:
    assert next_candidate([{}, {}, {}], candidate_index) == following
