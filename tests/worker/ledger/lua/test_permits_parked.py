"""Budgets and parked briefs, in one plain example each."""

from scene_briefs import generating, preprocessing
from side_by_side.scene import Scene

from config import keys
from config.settings import Settings
from worker.ledger.ledger import Ledger


def test_parked_briefs_of_another_account_wait_again_in_their_own(scene: Scene) -> None:
    scene.open("b")
    first = generating(scene, batch="x", budget=100)
    generating(scene, batch="x")
    other = scene.arrive("b", batch="x")
    assert not other.granted
    scene.move(first, "failed")
    scene.run_timers()
    assert other.granted
    assert scene.client.zrange(keys.PERMITS("b"), 0, -1) == [other.name]


def test_a_parked_brief_that_is_dear_does_not_keep_cheap_ones_back(scene: Scene) -> None:
    first = generating(scene, batch="x", budget=100)
    dear, cheap = scene.arrive(batch="x", need=4), scene.arrive(batch="x", need=2)
    scene.move(first, "failed")
    assert cheap.granted
    assert not dear.granted


def test_a_parked_brief_that_is_given_up_is_parked_no_more(scene: Scene) -> None:
    generating(scene, batch="x", budget=50)
    scene.move(scene.arrive(batch="x"), "cancelled")
    assert not scene.client.exists(keys.PARKED("x"), keys.PARKED_OF("a"))


def test_a_budget_that_is_set_later_counts_what_is_on_its_way(scene: Scene) -> None:
    generating(scene, batch="x")
    scene.set_budget("x", "a", 60)
    assert not scene.arrive(batch="x").granted


def test_a_large_budget_is_kept_to_the_credit(scene: Scene) -> None:
    Ledger(scene.client, Settings()).set_budget("x", "a", 12_345_678, by="test")
    assert float(str(scene.client.hget(keys.BUDGET("x"), "allowed"))) == 12_345_678


def test_credits_that_drafts_did_not_cost_are_free_for_the_next(scene: Scene) -> None:
    scene.collect(generating(scene), cost=20)
    brief = generating(scene, batch="x", budget=139)
    parked = scene.arrive(batch="x")
    assert not parked.granted
    scene.collect(brief, cost=2)
    assert parked.granted


def test_drafts_that_become_cheaper_start_what_other_batches_had_parked(scene: Scene) -> None:
    scene.collect(generating(scene), cost=20)
    parked = scene.arrive(batch="x", budget=60)
    assert not parked.granted
    scene.collect(generating(scene, batch="y"), cost=0)
    assert parked.granted


def test_a_budget_that_means_fill_to_the_last_credit_is_no_overdraft(scene: Scene) -> None:
    scene.collect(generating(scene, variations=3), cost=1)
    # In binary, three times a third of a credit is a little more than what is left after twice that.
    briefs = [scene.arrive(batch="x", budget=151) for _ in range(3)]
    assert [brief.granted for brief in briefs] == [True] * 3


def test_what_is_spent_of_a_budget_is_gone(scene: Scene) -> None:
    promotion = preprocessing(scene, batch="x", budget=60)
    scene.move(promotion, "ready")
    waiting = scene.arrive(batch="x")
    assert not waiting.granted
    scene.set_budget("x", "a", 100)
    assert waiting.granted
