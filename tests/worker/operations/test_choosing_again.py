"""A draft that was not chosen is chosen after all: in place of another, or beside it, and never twice."""

from collections.abc import Callable

import pytest
from own_account import PROMOTE
from stepping import Flow

from config import keys
from worker.lifecycle.choosing import PickError
from worker.operations import audit, picking
from worker.operations.operator import Operator
from worker.views import snapshots

Again = Callable[..., None]


@pytest.fixture
def chosen(heard: Flow) -> Flow:
    """A brief with three drafts, the first of which a person has chosen while promotes were paused."""
    heard.accept(brief_id="a", choose="manual", instructions=[{"prompt": "x", "num_variations": 3}])
    heard.until("a", "choosing")
    heard.pause_promotes()
    picking.pick(heard.ledger, "a", drafts(heard)[:1], leave_rest=False)
    return heard


@pytest.fixture
def again(chosen: Flow) -> Again:
    def choose(draft: int, instead: int | None = None) -> None:
        picking.choose_again(chosen.ledger, "a", draft, instead=instead, by="anna", why="nicer")

    return choose


def drafts(flow: Flow) -> list[int]:
    return [draft["image_result_id"] for draft in flow.brief("a").json("drafts")]


def promoted(flow: Flow) -> list[int]:
    """The drafts that the API has made identities of."""
    return sorted(each["image_result_id"] for each in flow.api.ledger()["identities"])


def faults(flow: Flow) -> list[str]:
    found = audit.read(flow.client, "a")
    assert found is not None
    return list(audit.faults(found))


def test_another_draft_takes_the_place_of_one_that_waits(chosen: Flow, again: Again) -> None:
    first, second, third = drafts(chosen)
    assert picking.offers(chosen.ledger, "a") == {second: [first], third: [first]}
    again(second, instead=0)
    chosen.end_pauses()
    assert chosen.finish("a").state == "done"
    assert promoted(chosen) == [second]
    assert faults(chosen) == []
    (word,) = [each for each in snapshots.journal(chosen.client, "a") if each["call"] == "operator"]
    assert (word["what"], word["by"], word["why"], word["draft"]) == ("choose again", "anna", "nicer", second)


def test_one_more_identity_is_made_of_a_brief_that_is_done(chosen: Flow, again: Again) -> None:
    chosen.end_pauses()
    assert chosen.finish("a").state == "done"
    first, second, third = drafts(chosen)
    again(third)
    assert chosen.brief("a").state == "promoting"
    assert chosen.finish("a").state == "done"
    assert promoted(chosen) == [first, third]
    assert faults(chosen) == []
    assert picking.offers(chosen.ledger, "a") == {second: []}


def test_one_more_identity_is_made_while_others_wait(chosen: Flow, again: Again) -> None:
    first, second, third = drafts(chosen)
    again(second)
    again(third)
    chosen.end_pauses()
    assert chosen.finish("a").state == "done"
    assert promoted(chosen) == [first, second, third]
    assert [chosen.promotion("a", number).state for number in range(3)] == ["ready"] * 3


@pytest.mark.parametrize("instead", [None, 0])
def test_what_was_chosen_is_not_chosen_again(chosen: Flow, again: Again, instead: int | None) -> None:
    with pytest.raises(PickError, match="no draft to choose"):
        again(drafts(chosen)[0], instead)
    again(drafts(chosen)[1])
    with pytest.raises(PickError, match="no draft to choose"):
        again(drafts(chosen)[1], instead)


def test_of_two_choices_at_once_one_is_obeyed(
    chosen: Flow, again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has read before the first has said."""
    second, third = drafts(chosen)[1:]
    read = chosen.ledger.read
    seen = {subject: read(subject) for subject in ("brief:a", "promotion:a#0")}
    again(second)
    monkeypatch.setattr(chosen.ledger, "read", seen.get)
    with pytest.raises(PickError, match="has moved meanwhile"):
        again(second)
    with pytest.raises(PickError, match="has moved meanwhile"):
        again(third, 0)


def test_a_promotion_that_has_begun_is_not_exchanged(chosen: Flow, again: Again) -> None:
    chosen.end_pauses()
    with pytest.raises(PickError, match="is being promoted by now"):
        again(drafts(chosen)[1], 0)
    assert chosen.finish("a").state == "done"
    assert promoted(chosen) == drafts(chosen)[:1]


def test_a_promotion_that_may_have_arrived_keeps_its_draft(chosen: Flow, again: Again) -> None:
    """Also without a job permit, as after it was held for long, and where such jobs do not count."""
    first, second, _ = drafts(chosen)
    chosen.api.fault("drop_response", path=PROMOTE)
    chosen.end_pauses()
    chosen.steps.until(lambda: "promote OutcomeUnknown" in chosen.calls("a"))
    chosen.client.delete(keys.PERMITS("default"))
    with pytest.raises(PickError, match="may have arrived"):
        again(second, instead=0)
    again(second)
    chosen.end_pauses()
    assert chosen.finish("a").state == "done"
    assert promoted(chosen) == [first, second]
    assert faults(chosen) == []


def test_a_claim_of_before_makes_no_call_of_another_draft(chosen: Flow, again: Again) -> None:
    """A worker that has read the promotion, and comes to its claim when it was exchanged and granted."""
    from worker.lifecycle import transitions

    before = chosen.promotion("a")
    again(drafts(chosen)[1], 0)
    chosen.end_pauses()
    request = {"image_result_id": drafts(chosen)[0], "name": None}
    answer = chosen.ledger.apply(before, transitions.promoting(before, request, 1e12, 1000))
    assert answer == "conflict"


def test_nothing_is_chosen_of_a_brief_that_is_to_end(chosen: Flow, again: Again) -> None:
    chosen.end_pauses()
    chosen.steps.until(lambda: chosen.promotion("a").state == "preprocessing")
    Operator(chosen.client, chosen.settings, "bea").cancel(chosen.brief("a"))
    assert chosen.brief("a").state == "promoting", "it ends when that is over"
    assert picking.offers(chosen.ledger, "a") == {}
    with pytest.raises(PickError):
        again(drafts(chosen)[1])
