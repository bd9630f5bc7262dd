"""Choosing by HTTP: again after a choice, in place of one, and what is sent twice."""

import pytest
from choices_by_http import BRIEF, drafts, pick, promoting
from stepping import Flow
from v1.conftest import Callers

from config import keys
from worker.callers.tokens import Role
from worker.operations import actions


@pytest.fixture
def waiting(heard: Flow) -> Flow:
    """A brief with three drafts that waits for a person, while promotes are paused."""
    heard.accept(**BRIEF)
    heard.until("a", "choosing")
    heard.pause_promotes()
    return heard


def test_one_more_draft_is_chosen_and_one_in_place_of_another(callers: Callers, waiting: Flow) -> None:
    studio, (first, second, third) = callers("studio", Role.OPERATOR), drafts(waiting)
    assert pick(studio, second, again=True).status_code == 409, "nothing was chosen yet"
    pick(studio, first)
    told = pick(studio, second, instead_of=first, why="nicer")
    assert (told.status_code, told.json()) == (200, {"brief_id": "a", "promoting": [second]})
    assert pick(studio, third, again=True).status_code == 200
    assert promoting(waiting) == [second, third]
    more, instead = actions.actions(waiting.client, 2)
    assert (instead["what"], instead["why"], instead["by"]) == ("choose again", "nicer", "studio by HTTP")
    assert (more["drafts"], instead["instead_of"]) == ([third], first)
    waiting.end_pauses()
    waiting.finish("a")
    assert pick(studio, first, again=True).status_code == 200, "a finished one as well"
    waiting.finish("a")
    assert len(waiting.api.ledger()["identities"]) == 3


def test_a_choice_made_again_and_sent_twice_is_one(callers: Callers, waiting: Flow) -> None:
    studio, (first, second, third) = callers("studio", Role.OPERATOR), drafts(waiting)
    pick(studio, first)
    for said in ({"instead_of": first}, {"again": True, "instead_of": first}):
        assert pick(studio, second, **said).json()["promoting"] == [second]
    assert [pick(studio, third, again=True).status_code for _ in range(3)] == [200] * 3
    assert promoting(waiting) == [second, third]
    refused = pick(studio, second, again=True)
    assert (refused.status_code, "no draft to choose" in refused.json()["detail"]) == (409, True)
    assert pick(studio, third, instead_of=second).status_code == 409, "both are chosen"
    told = [each.get("outcome") for each in reversed(actions.actions(waiting.client))]
    assert told == [None, None, actions.NOT_DONE, None, *[actions.NOT_DONE] * 4], (
        "only the first is listed as done"
    )


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"drafts": [1, 2], "again": True}, "drafts"),
        ({"drafts": [], "again": True}, "drafts"),
        ({"drafts": [1], "again": True, "leave_rest": True}, "drafts"),
        ({"drafts": [1], "again": "yes"}, "again"),
        ({"drafts": [1], "instead_of": "x"}, "instead_of"),
        ({"drafts": [1], "instead_of": True}, "instead_of"),
    ],
)
def test_what_can_not_be_meant_is_told_with_its_field(
    callers: Callers, waiting: Flow, said: dict[str, object], field: str
) -> None:
    told = callers("studio", Role.OPERATOR).post("/briefs/a/pick", json=said)
    assert (told.status_code, told.json()["faults"][0]["path"]) == (422, field)
    assert not waiting.client.exists(keys.ACTIONS())
