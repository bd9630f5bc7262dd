"""Choosing on the page: more than one draft each, and again after a choice; what it costs is told."""

from collections.abc import Callable

import pytest
from page.conftest import Person
from stepping import Flow

from worker.callers.tokens import Role
from worker.operations import actions

People = Callable[..., Person]
Tokens = Callable[..., str]


@pytest.fixture
def waiting(heard: Flow) -> Flow:
    """A brief with three drafts that waits for a person, while promotes are paused."""
    heard.accept(brief_id="a", choose="manual", instructions=[{"prompt": "x", "num_variations": 3}])
    heard.until("a", "choosing")
    heard.pause_promotes()
    return heard


def drafts(flow: Flow) -> list[str]:
    return [str(draft["image_result_id"]) for draft in flow.brief("a").json("drafts")]


def test_more_than_one_draft_of_an_instruction_is_chosen(
    person: People, waiting: Flow, token: Tokens
) -> None:
    anna, both = person(token()), drafts(waiting)[:2]
    sent = anna.send("/gallery/pick", brief="a", what="pick", **{"draft-0": both})
    assert sent.status_code == 303
    assert waiting.brief("a").fields["promotions"] == "2"


def test_a_choice_is_made_again_with_its_price_told(person: People, waiting: Flow, token: Tokens) -> None:
    anna, (first, second, third) = person(token()), drafts(waiting)
    anna.send("/brief/act", brief="a", what="pick", **{"draft-0": first})
    shown = anna.get("/briefs/a").text
    assert shown.count(f"In place of draft {first}") == 2
    assert shown.count("One more: 50 credits") == 2
    viewer = person(token(Role.VIEWER, name="cleo"))
    assert "One more" not in viewer.get("/briefs/a").text
    again = {"brief": "a", "what": "choose_again"}
    assert viewer.send("/brief/act", **again, draft=third).status_code == 403
    assert anna.send("/brief/act", **again, draft=second, instead=first).status_code == 303
    # Whoever presses twice is obeyed once.
    assert anna.send("/brief/act", **again, draft=third).status_code == 303
    assert anna.send("/brief/act", **again, draft=third).status_code == 303
    assert anna.send("/brief/act", **again, draft=second).status_code == 409
    chosen = [waiting.promotion("a", n).json("candidates")[0]["image_result_id"] for n in range(2)]
    assert [str(each) for each in chosen] == [second, third]
    assert [each["what"] for each in actions.actions(waiting.client, 4)] == ["choose again"] * 4


def test_what_was_waited_for_stands_in_the_timeline(person: People, waiting: Flow, token: Tokens) -> None:
    waiting.grow_older("brief:a", 120)
    anna = person(token())
    anna.send("/brief/act", brief="a", what="pick", **{"draft-0": drafts(waiting)[0]})
    waiting.grow_older("promotion:a#0", 180)
    waiting.end_pauses()
    waiting.finish("a")
    shown = " ".join(anna.get("/briefs/a").text.split())
    assert "<strong>waited for a choice</strong> <span>2m" in shown
    assert 'waited for permits</strong> <span class="soft">identity 1</span> <span>3m' in shown
    assert "for the end of a pause" in shown
