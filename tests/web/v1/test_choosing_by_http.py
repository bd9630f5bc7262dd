"""Choosing by HTTP: again after a choice, what it costs a caller, and what is sent twice."""

import httpx
import pytest
import redis
from stepping import Flow
from v1.conftest import Callers

from config import keys
from worker.callers.tokens import Role
from worker.choosing.question import Decision
from worker.ledger.transition import Answer
from worker.lifecycle import judging
from worker.operations import actions, picking

BRIEF = {"brief_id": "a", "choose": "manual", "instructions": [{"prompt": "x", "num_variations": 3}]}


@pytest.fixture
def waiting(heard: Flow) -> Flow:
    """A brief with three drafts that waits for a person, while promotes are paused."""
    heard.accept(**BRIEF)
    heard.until("a", "choosing")
    heard.pause_promotes()
    return heard


def drafts(flow: Flow) -> list[int]:
    return [draft["image_result_id"] for draft in flow.brief("a").json("drafts")]


def pick(who: httpx.Client, *chosen: int, **more: object) -> httpx.Response:
    return who.post("/briefs/a/pick", json={"drafts": chosen, **more})


def promoting(flow: Flow) -> list[int]:
    numbers = range(int(flow.brief("a").fields["promotions"]))
    return [flow.promotion("a", each).json("candidates")[0]["image_result_id"] for each in numbers]


def spent(flow: Flow, name: str) -> float:
    days = [str(each) for each in flow.client.scan_iter(keys.CALLER_CREDITS(name, "*"))]
    return sum(float(flow.client.get(each) or 0) for each in days)  # type: ignore[arg-type]


def test_one_more_is_chosen_and_one_in_place_of_another(callers: Callers, waiting: Flow) -> None:
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


def test_nobody_chooses_again_for_more_than_his_credits(callers: Callers, heard: Flow) -> None:
    """It costs an identity; one in place of another costs nothing; sent twice, it is counted once."""
    shop = callers("shop", credits_a_day=100.0)
    shop.post("/briefs", json=BRIEF)
    heard.steps.run(keys.INLET)
    heard.until("a", "choosing")
    heard.pause_promotes()
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
    shop = callers("shop", credits_a_day=100.0)
    shop.post("/briefs", json=BRIEF)
    heard.steps.run(keys.INLET)
    heard.until("a", "choosing")
    heard.pause_promotes()
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


def test_nobody_picks_more_drafts_than_he_has_credits_for(callers: Callers, heard: Flow) -> None:
    """A brief is counted with an identity for each instruction."""
    shop = callers("shop", credits_a_day=120.0)
    shop.post("/briefs", json=BRIEF)
    heard.steps.run(keys.INLET)
    heard.until("a", "choosing")
    heard.pause_promotes()
    refused = pick(shop, *drafts(heard))
    assert (refused.status_code, spent(heard, "shop")) == (429, 50.0)
    assert heard.brief("a").state == "choosing"
    assert pick(shop, *drafts(heard)[:2]).status_code == 200
    assert spent(heard, "shop") == 100.0


def test_each_identity_more_is_counted_though_its_draft_was_chosen_before(
    callers: Callers, heard: Flow
) -> None:
    """A draft that another has taken the place of may be chosen beside it, as often as somebody likes."""
    shop = callers("shop", credits_a_day=100.0)
    shop.post("/briefs", json=BRIEF)
    heard.steps.run(keys.INLET)
    heard.until("a", "choosing")
    heard.pause_promotes()
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
