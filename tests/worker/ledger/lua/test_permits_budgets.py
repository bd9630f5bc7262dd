"""An account's own budget, and drafts whose price nobody knows yet, each in plain examples."""

from side_by_side.scene import Scene
from side_by_side.subjects import Subject

from config import keys
from worker.ledger import commands
from worker.views.account_reading import report

ACCOUNT = keys.RECORD("account:a")


def bought(scene: Scene, cost: int, **brief: object) -> Subject:
    """Return a brief whose drafts cost so much, and wait to be chosen from."""
    subject = scene.arrive(**brief)  # type: ignore[arg-type]  # passed on as they came
    scene.begin(subject)
    scene.answered(subject, "generating")
    scene.collect(subject, cost=cost)
    return subject


def priced(scene: Scene, credits_: int) -> None:
    """Let drafts of the account have cost so much before it had a budget."""
    account = scene.model.accounts["a"]
    account.drafts_credits, account.drafts_made = credits_, 1
    scene.client.hset(ACCOUNT, mapping={"drafts_credits": credits_, "drafts_made": 1})


def test_briefs_without_a_batch_are_kept_to_their_accounts_budget(scene: Scene) -> None:
    priced(scene, 10)
    scene.set_account_budget("a", 125)
    assert [scene.arrive().granted for _ in range(3)] == [True, True, False]


def test_a_brief_that_costs_less_passes_one_the_budget_cannot_pay(scene: Scene) -> None:
    scene.set_account_budget("a", 100)
    assert not scene.arrive(need=3).granted
    assert scene.arrive(need=2).granted


def test_a_brief_must_fit_its_accounts_and_its_batchs_budget(scene: Scene) -> None:
    scene.set_account_budget("a", 100)
    assert not scene.arrive(batch="x", budget=50, need=2).granted
    assert scene.arrive(batch="x").granted
    assert not scene.arrive(batch="y", budget=1_000, need=2).granted


def test_what_is_bought_is_spent_and_the_rest_is_free_again(scene: Scene) -> None:
    priced(scene, 10)
    scene.set_account_budget("a", 120)
    brief = bought(scene, 30)
    assert scene.client.hget(ACCOUNT, "spent") == "30"
    waiting = scene.arrive()
    assert not waiting.granted
    scene.move(brief, "failed")
    assert waiting.granted
    assert scene.client.hgetall(keys.RESERVATIONS("a")) == {waiting.name: "70"}


def test_a_raised_budget_starts_whom_it_pays_in_the_same_call(scene: Scene) -> None:
    scene.set_account_budget("a", 40)
    waiting = scene.arrive()
    assert not waiting.granted
    scene.set_account_budget("a", 50)
    assert waiting.granted


def test_a_budget_that_is_taken_away_holds_nobody_back(scene: Scene) -> None:
    scene.set_account_budget("a", 40)
    waiting = scene.arrive()
    scene.set_account_budget("a", None)
    assert waiting.granted


def test_a_first_budget_counts_from_then_with_what_is_under_way(scene: Scene) -> None:
    bought(scene, 1_000)
    on_its_way = scene.arrive()
    assert on_its_way.granted
    scene.set_account_budget("a", 100)
    assert scene.client.hget(ACCOUNT, "spent") is None
    assert not scene.arrive().granted


def test_a_changed_budget_counts_on(scene: Scene) -> None:
    scene.set_account_budget("a", 100)
    scene.move(bought(scene, 40), "failed")
    scene.set_account_budget("a", 89)
    assert not scene.arrive().granted


def test_other_accounts_have_their_own(scene: Scene) -> None:
    scene.open("b")
    scene.set_account_budget("a", 40)
    assert scene.arrive("b").granted


def test_what_a_deleted_record_may_have_bought_is_spent_for_its_account(scene: Scene) -> None:
    priced(scene, 10)
    scene.set_account_budget("a", 120)
    brief = scene.arrive()
    scene.begin(brief)
    scene.answered(brief, "generating")
    scene.client.delete(keys.RECORD(brief.name))
    scene.functions.run(commands.drop(account="a", subject=brief.name), scene.now)
    assert scene.client.hget(ACCOUNT, "spent") == "10"
    assert not scene.client.exists(keys.RESERVATIONS("a"))


def test_the_report_tells_what_is_spent_reserved_and_left(scene: Scene) -> None:
    scene.set_account_budget("a", 200)
    bought(scene, 30)
    found = report(scene.client, "a").budget
    assert found is not None
    assert (found.allowed, found.spent, found.reserved, found.left) == (200, 30, 50, 120)


# The price of drafts.


def test_before_a_price_is_known_one_brief_with_budget_goes_first(scene: Scene) -> None:
    scene.open("b", job_has_ended=False)
    scene.set_account_budget("b", 120)
    first, second, third = (scene.arrive("b") for _ in range(3))
    assert [first.granted, second.granted, third.granted] == [True, False, False]
    scene.begin(first)
    scene.answered(first, "generating")
    scene.collect(first, cost=15)
    assert [second.granted, third.granted] == [False, False], "65 each, and 120 - 15 - 50 are left"
    scene.set_account_budget("b", 130)
    assert [second.granted, third.granted] == [True, False]


def test_a_batchs_budget_waits_for_the_first_price_and_others_do_not(scene: Scene) -> None:
    scene.open("b", job_has_ended=False)
    first, second = scene.arrive("b", batch="x", budget=1_000), scene.arrive("b", batch="x")
    assert first.granted
    assert not second.granted
    assert scene.arrive("b").granted


def test_where_no_price_is_told_others_go_after_the_first_job(scene: Scene) -> None:
    scene.open("b", job_has_ended=False)
    scene.set_account_budget("b", 1_000)
    first, second, third = (scene.arrive("b") for _ in range(3))
    scene.begin(first)
    scene.answered(first, "generating")
    scene.collect(first, cost=None)
    assert second.granted
    assert third.granted


def test_a_first_brief_that_fails_lets_the_next_one_go_first(scene: Scene) -> None:
    scene.open("b", job_has_ended=False)
    scene.set_account_budget("b", 1_000)
    first, second, third = (scene.arrive("b") for _ in range(3))
    scene.begin(first)
    scene.answered(first, "failed")
    assert second.granted
    assert not third.granted
