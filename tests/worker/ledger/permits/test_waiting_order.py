"""Who waits for a permit keeps a place: promotions first, then priority, batch and arrival."""

from desk import Desk, stop

from config import durations
from worker.ledger.transition import Completion

WINDOW = round(durations.RATE_WINDOW_SECONDS * 1000)


def test_promotions_go_before_creations(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("a")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a", 2)
    desk.ask("b", priority=100)
    desk.promote("a", 0)
    desk.move("promotion:a#0", "ready")
    assert desk.granted("promote") == ["promotion:a#1"]
    assert desk.waiting() == ["b"]


def test_higher_priority_goes_first_then_whoever_came_first(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("first")
    desk.ask("low", priority=-1)
    desk.ask("b", "a")
    desk.ask("high", priority=1)
    assert desk.waiting() == ["high", "b", "a", "low"]
    desk.submit("first")
    desk.draft("first")
    assert desk.granted() == ["high"]


def test_of_batches_of_one_brief_the_first_come_goes_first(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("first", batch="first")
    for name in ("z", "m", "a"):
        desk.ask(name, batch=name)
    assert desk.waiting() == ["z", "m", "a"]
    desk.submit("first")
    desk.draft("first")
    assert desk.granted() == ["z"]
    desk.ask("0", batch="0")
    assert desk.waiting() == ["m", "a", "0"]


def test_however_often_sent_back_a_brief_keeps_its_place(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("a", "b")
    for _ in range(50):
        desk.move("a", "submitting")
        desk.move("a", "waiting", completion=Completion.COUNTED, pause=stop("create", 1_000, "busy"))
        assert desk.waiting() == ["a", "b"]
        desk.pass_time(15 * WINDOW)
        assert desk.granted() == ["a"]


def test_a_brief_sent_back_keeps_its_place(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("a", "b")
    desk.move("a", "submitting")
    desk.move("a", "waiting", completion=Completion.COUNTED, pause=stop("create", 5_000, "busy"))
    assert (desk.granted(), desk.waiting()) == ([], ["a", "b"])
    desk.pass_time(5_000)
    assert desk.granted() == ["a"]
