"""Slots are reserved before drafts are bought, passed to promotions, and given back."""

from desk import Desk

from config import keys

ACCOUNT = "default"


def test_slots_are_reserved_before_the_drafts_are_bought(desk: Desk) -> None:
    desk.limit(slots=5)
    desk.ask("a", need=3)
    desk.ask("b", need=3)
    assert (desk.granted(), desk.waiting()) == (["a"], ["b"])
    assert desk.client.hgetall(keys.SLOTS(ACCOUNT)) == {"brief:a": "3"}


def test_slots_are_given_back_when_a_brief_fails(desk: Desk) -> None:
    desk.limit(slots=1)
    desk.ask("a", "b")
    desk.submit("a")
    assert desk.waiting() == ["b"]
    desk.move("a", "failed")
    assert desk.granted() == ["b"]


def test_slots_pass_to_the_promotions_without_being_free_in_between(desk: Desk) -> None:
    desk.limit(slots=2)
    desk.ask("a", need=2)
    desk.ask("b")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a", 2)
    assert desk.waiting() == ["b"]
    desk.promote("a", 0)
    desk.promote("a", 1)
    assert desk.client.zcard(keys.IDENTITIES(ACCOUNT)) == 2
    assert desk.waiting() == ["b"]


def test_slots_a_brief_does_not_use_are_free_after_the_choice(desk: Desk) -> None:
    desk.limit(slots=3)
    desk.ask("a", need=3)
    desk.ask("b")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a", 2)
    assert desk.granted() == ["b"]


def test_an_identity_keeps_its_slot_and_one_that_failed_gives_it_back(desk: Desk) -> None:
    desk.limit(slots=2)
    desk.ask("a", "b", "c")
    desk.submit("a", "b")
    for brief in ("a", "b"):
        desk.draft(brief)
        desk.plan(brief)
        desk.promote(brief)
    desk.move("promotion:a#0", "ready")
    assert desk.waiting() == ["c"]
    desk.move("promotion:b#0", "failed")
    assert desk.granted() == ["c"]


def test_a_promotion_sent_back_reserves_its_slot_again(desk: Desk) -> None:
    desk.limit(slots=1)
    desk.ask("a", "b")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a")
    desk.promote("a")
    desk.move("promotion:a#0", "planned")
    assert desk.granted("promote") == ["promotion:a#0"]
    assert desk.waiting() == ["b"]
