"""What a choice by HTTP costs its caller: each identity once, and nothing of what is refused."""

import threading
from collections.abc import Callable

import httpx
import pytest
import redis
from choices_by_http import BRIEF, drafts, pick, promoting, spent
from stepping import Flow
from support import DEADLINE
from v1.conftest import Callers

from config import keys
from worker.callers.gate import Gate
from worker.callers.tokens import Role, named
from worker.choosing.question import Decision
from worker.ledger.transition import Answer
from worker.lifecycle import judging
from worker.operations import picking


def chooser(callers: Callers, heard: Flow, credits_a_day: float) -> httpx.Client:
    """A caller whose brief waits for his choice, counted with one identity."""
    shop = callers("shop", credits_a_day=credits_a_day)
    shop.post("/briefs", json=BRIEF)
    heard.steps.run(keys.INLET)
    heard.until("a", "choosing")
    heard.pause_promotes()
    return shop


def test_nobody_chooses_again_for_more_than_his_credits(callers: Callers, heard: Flow) -> None:
    """It costs an identity; one in place of another costs nothing; sent twice, it is counted once."""
    shop = chooser(callers, heard, 100.0)
    first, second, third = drafts(heard)
    pick(shop, first)
    assert pick(shop, second, instead_of=first).status_code == 200
    assert spent(heard, "shop") == 50.0
    assert [pick(shop, third, again=True).status_code for _ in range(2)] == [200, 200]
    assert spent(heard, "shop") == 100.0
    refused = pick(shop, first, again=True)
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
    assert promoting(heard) == [second, third]
    assert pick(callers("anna", Role.OPERATOR), first, again=True).status_code == 200, "who has no limit"


def test_what_was_counted_and_not_done_is_counted_once(
    callers: Callers, heard: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a process that is killed between the two, or a Redis that goes away."""
    shop = chooser(callers, heard, 100.0)
    first, second, _ = drafts(heard)
    pick(shop, first)

    def gone(*_: object, **__: object) -> None:
        raise redis.ConnectionError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(picking, "_chosen_again", gone)
        assert pick(shop, second, again=True).status_code == 503
    assert (spent(heard, "shop"), promoting(heard)) == (100.0, [first])
    assert pick(shop, second, again=True).status_code == 200
    assert (spent(heard, "shop"), promoting(heard)) == (100.0, [first, second])


def counted_and(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have something happen between the counting of the next choice and the choice."""
    count = Gate.count_choice

    def counted(gate: Gate, choice: str, identities: int) -> Callable[[], object]:
        uncount = count(gate, choice, identities)
        monkeypatch.setattr(Gate, "count_choice", count)
        act()
        return uncount

    monkeypatch.setattr(Gate, "count_choice", counted)


@pytest.fixture
def shop(callers: Callers, heard: Flow) -> httpx.Client:
    """A caller of two hundred credits a day, whose brief waits for his choice, counted with one identity."""
    return chooser(callers, heard, 200.0)


def test_a_pick_that_is_refused_is_not_counted(
    callers: Callers, shop: httpx.Client, heard: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, (first, second, third) = callers("anna", Role.OPERATOR), drafts(heard)
    counted_and(monkeypatch, lambda: pick(anna, third))
    assert pick(shop, first, second).status_code == 409
    assert (spent(heard, "shop"), promoting(heard)) == (50.0, [third])


def test_a_pick_that_was_made_twice_at_once_stays_counted(
    shop: httpx.Client, heard: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = drafts(heard)
    counted_and(monkeypatch, lambda: pick(shop, first, second))
    assert pick(shop, first, second).status_code == 200
    assert (spent(heard, "shop"), promoting(heard)) == (100.0, [first, second])


def test_of_two_picks_at_once_the_one_that_is_made_is_counted(
    shop: httpx.Client, heard: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = drafts(heard)
    counted_and(monkeypatch, lambda: pick(shop, first, second))
    assert pick(shop, first, second, third).status_code == 409
    assert (spent(heard, "shop"), promoting(heard)) == (100.0, [first, second])


def test_of_two_choices_made_again_at_once_one_is_counted(
    shop: httpx.Client, heard: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = drafts(heard)
    pick(shop, first)
    counted_and(monkeypatch, lambda: pick(shop, second, again=True))
    assert pick(shop, third, again=True).status_code == 409
    assert (spent(heard, "shop"), promoting(heard)) == (100.0, [first, second])
    counted_and(monkeypatch, lambda: pick(shop, third, again=True))
    assert pick(shop, third, again=True).status_code == 200, "the very same, sent twice at once"
    assert (spent(heard, "shop"), promoting(heard)) == (150.0, [first, second, third])


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("same", [False, True])
def test_what_is_refused_takes_back_nothing_of_what_was_made(
    shop: httpx.Client, heard: Flow, monkeypatch: pytest.MonkeyPatch, again: bool, same: bool
) -> None:
    """Both are counted before either is made, the one that is refused last."""
    first, second, third = drafts(heard)
    if again:
        pick(shop, first)
    one, other = ([second], [third]) if again else ([first, second], [first, second, third])
    counted, made, answers = threading.Event(), threading.Event(), list[int]()

    def held_up() -> None:
        counted.set()
        assert made.wait(DEADLINE)

    def too_late() -> None:
        answers.append(pick(shop, *(one if same else other), again=again).status_code)

    late = threading.Thread(target=too_late)

    def meanwhile() -> None:
        counted_and(monkeypatch, held_up)
        late.start()
        assert counted.wait(DEADLINE)

    counted_and(monkeypatch, meanwhile)
    assert pick(shop, *one, again=again).status_code == 200
    made.set()
    late.join(DEADLINE)
    assert answers == [200 if same else 409]
    assert (spent(heard, "shop"), promoting(heard)) == (100.0, [first, second])


def test_what_another_run_counts_on_is_not_taken_back(shop: httpx.Client, heard: Flow) -> None:
    """Both are of one choice: the one that was refused knows nothing of the one that may be made."""
    caller = named(heard.client, "shop")
    assert caller is not None
    gate = Gate(heard.ledger, caller, heard.ledger)
    refused, made = gate.count_choice("a #1 7", 1), gate.count_choice("a #1 7", 1)
    refused()
    assert spent(heard, "shop") == 100.0
    for _ in range(2):
        made()
        assert spent(heard, "shop") == 50.0
    gate.count_choice("a #1 7", 1)
    assert spent(heard, "shop") == 100.0


def test_nobody_picks_more_drafts_than_he_has_credits_for(callers: Callers, heard: Flow) -> None:
    """A brief is counted with an identity for each instruction."""
    shop = chooser(callers, heard, 120.0)
    refused = pick(shop, *drafts(heard))
    assert (refused.status_code, spent(heard, "shop")) == (429, 50.0)
    assert heard.brief("a").state == "choosing"
    assert pick(shop, *drafts(heard)[:2]).status_code == 200
    assert spent(heard, "shop") == 100.0


def test_each_identity_more_is_counted_though_its_draft_was_chosen_before(
    callers: Callers, heard: Flow
) -> None:
    """A draft that another has taken the place of may be chosen beside it, as often as somebody likes."""
    shop = chooser(callers, heard, 100.0)
    first, second, third = drafts(heard)
    pick(shop, first)
    assert pick(shop, second, again=True).status_code == 200
    assert pick(shop, third, instead_of=second).status_code == 200
    assert pick(shop, second, again=True).status_code == 429
    assert (spent(heard, "shop"), promoting(heard)) == (100.0, [first, third])


def test_what_a_rule_chose_is_counted_beside_more_picks_of_a_person(callers: Callers, heard: Flow) -> None:
    shop = callers("shop", credits_a_day=120.0)
    two = [{"prompt": "x", "num_variations": 2}, {"prompt": "y", "num_variations": 2}]
    shop.post("/briefs", json=BRIEF | {"choose": ["manual", "best"], "instructions": two})
    heard.steps.run(keys.INLET)
    brief, chosen = heard.until("a", "choosing"), drafts(heard)
    decision = Decision(1, "best", "1", (chosen[2],), None)
    assert judging.record(heard.ledger, brief, [decision]) is Answer.APPLIED
    heard.pause_promotes()
    assert pick(shop, *chosen[:2]).status_code == 429, "three identities"
    assert heard.brief("a").state == "choosing"
    assert pick(shop, chosen[0]).status_code == 200
    assert (spent(heard, "shop"), promoting(heard)) == (100.0, [chosen[0], chosen[2]])
