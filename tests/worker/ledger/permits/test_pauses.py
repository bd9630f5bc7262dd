"""A pause stops those that it concerns until its end, and nobody else."""

import pytest
from desk import Desk, stop

from config import keys
from worker.ledger.transition import Completion

ACCOUNT = "default"


@pytest.mark.parametrize("what", ["pause", "create"])
def test_a_pause_stops_everybody_until_its_end_and_says_why(desk: Desk, what: str) -> None:
    desk.ask("a")
    desk.move("a", "submitting")
    desk.move(
        "a", "failed", completion=Completion.COUNTED, pause=stop(what, 30_000, "402: Insufficient credits")
    )
    desk.ask("b", "c")
    record = desk.client.hgetall(keys.RECORD(f"account:{ACCOUNT}"))
    assert (record[f"{what}_reason"], record[f"{what}_status"]) == ("402: Insufficient credits", "402")
    assert desk.timer(f"account:{ACCOUNT}") == 30_000
    desk.pass_time(29_999)
    assert desk.granted() == []
    desk.pass_time(1)
    # One request goes first; the others follow when it came through.
    assert (desk.granted(), desk.waiting()) == (["b"], ["c"])
    desk.submit("b")
    assert desk.granted() == ["c"]
    assert f"{what}_reason" not in desk.client.hgetall(keys.RECORD(f"account:{ACCOUNT}"))


def test_a_pause_of_creation_does_not_hold_promotions_up(desk: Desk) -> None:
    desk.ask("a", "b")
    desk.submit("a")
    desk.draft("a")
    desk.move("b", "submitting")
    desk.move("b", "waiting", completion=Completion.COUNTED, pause=stop("create", 30_000, "off"))
    desk.plan("a")
    assert desk.granted("promote") == ["promotion:a#0"]
    assert desk.waiting() == ["b"]


def test_a_pause_of_promotions_does_not_hold_creation_up(desk: Desk) -> None:
    desk.ask("a")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a")
    desk.move("promotion:a#0", "promoting")
    desk.move("promotion:a#0", "planned", completion=Completion.COUNTED, pause=stop("promote", 30_000, "402"))
    desk.ask("b")
    assert (desk.granted(), desk.granted("promote")) == (["b"], [])
    desk.pass_time(30_000)
    assert desk.granted("promote") == ["promotion:a#0"]


def test_a_pause_of_the_account_holds_promotions_up(desk: Desk) -> None:
    desk.ask("a", "b")
    desk.submit("a")
    desk.draft("a")
    desk.move("b", "submitting")
    desk.move("b", "waiting", completion=Completion.COUNTED, pause=stop("pause", 30_000, "401"))
    desk.plan("a")
    assert (desk.granted("promote"), desk.waiting("promote")) == ([], ["promotion:a#0"])
