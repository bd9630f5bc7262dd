"""The windows of requests: which count, for how long, and that each window of an endpoint must have room."""

from collections.abc import Iterator

import pytest
from desk import Desk

from config import durations, keys, limits
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.ledger.records import account_subject
from worker.ledger.transition import Completion
from worker.store.functions import Functions

ACCOUNT = "default"
WINDOW = round(durations.RATE_WINDOW_SECONDS * 1000)
#: Milliseconds that a window is kept beyond its last request.
KEPT = round(durations.EARLY_EVENT_SECONDS * 1000)


@pytest.mark.parametrize("endpoint", ["create", "promote"])
def test_a_request_counts_until_a_whole_window_after_its_answer(desk: Desk, endpoint: str) -> None:
    def begin(number: int) -> None:
        if endpoint == "promote":
            desk.promote("z", number)
        else:
            desk.submit("abcdefg"[number])

    desk.ask("z")
    desk.submit("z")
    desk.draft("z")
    desk.limit(**{f"{endpoint}_per_minute": 5})
    desk.pass_time(WINDOW)
    if endpoint == "promote":
        desk.plan("z", 7)
    else:
        desk.ask(*"abcdefg")
    assert len(desk.granted(endpoint)) == 5
    desk.now += 2_000  # the answers take so long
    for number in range(5):
        begin(number)
    assert desk.granted(endpoint) == []
    assert desk.timer(f"account:{ACCOUNT}") == WINDOW
    desk.pass_time(WINDOW - 1)
    assert desk.granted(endpoint) == []
    desk.pass_time(1)
    assert len(desk.granted(endpoint)) == 2


def test_a_request_under_way_counts_however_long_it_takes(desk: Desk) -> None:
    desk.limit(create_per_minute=1)
    desk.ask("a", "b")
    desk.move("a", "submitting")
    desk.pass_time(10 * WINDOW)
    assert desk.waiting() == ["b"]


def test_a_request_that_never_left_does_not_count(desk: Desk) -> None:
    desk.limit(create_per_minute=1)
    desk.ask("a", "b")
    desk.move("a", "submitting")
    desk.move("a", "failed", completion=Completion.NEVER_LEFT)
    assert desk.granted() == ["b"]


def test_a_window_does_not_vanish_under_a_request(desk: Desk) -> None:
    desk.ask("a", "b")
    desk.submit("a")
    window = keys.WINDOW(ACCOUNT, "create")
    assert desk.client.ttl(window) == -1
    desk.submit("b")
    assert WINDOW < desk.client.pttl(window) <= WINDOW + KEPT
    desk.ask("c")
    assert desk.client.ttl(window) == -1


def test_the_two_endpoints_have_windows_of_their_own(desk: Desk) -> None:
    desk.limit(create_per_minute=1, promote_per_minute=1)
    desk.ask("a", "b")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a")
    assert desk.granted("promote") == ["promotion:a#0"]
    assert desk.waiting() == ["b"]


DAY = 86_400


@pytest.fixture
def desk_with_a_day(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk where creates have a second window: three a day."""
    day = limits.Window("create_per_day", "create_per_day", "create", DAY)
    monkeypatch.setattr(limits, "WINDOWS", (*limits.WINDOWS, day))
    monkeypatch.setitem(limits.DEFAULTS, "create_per_day", 3)
    yield Desk(desk.client, Functions(desk.client, ledger_library(Settings(speed=1))))
    desk.client.hdel(keys.RECORD(account_subject(ACCOUNT)), "create_per_day")  # a field of no row


def test_each_window_of_an_endpoint_must_have_room(desk_with_a_day: Desk) -> None:
    desk = desk_with_a_day
    desk.limit(create_per_minute=2)
    desk.ask("a", "b", "c", "d")
    desk.submit("a", "b")
    assert desk.waiting() == ["c", "d"]
    desk.pass_time(WINDOW)
    assert (desk.granted(), desk.waiting()) == (["c"], ["d"]), "one under way counts in the day as well"
    desk.submit("c")
    assert desk.timer(f"account:{ACCOUNT}") == DAY * 1000 - WINDOW, "when the first of the three is a day old"
    desk.pass_time(DAY * 1000 - WINDOW)
    assert desk.granted() == ["d"]


def test_a_long_window_counts_while_it_has_a_limit(desk_with_a_day: Desk) -> None:
    desk, requests = desk_with_a_day, keys.WINDOW(ACCOUNT, "create_per_day")
    desk.limit(create_per_day=0)
    desk.ask("a", "b", "c", "d")
    desk.submit("a", "b", "c", "d")
    assert not desk.client.exists(requests), "it would grow without bound"
    desk.limit(create_per_day=1)
    desk.ask("e", "f")
    desk.submit("e")
    assert desk.waiting() == ["f"]
    assert desk.client.pttl(requests) <= DAY * 1000 + KEPT
    why = desk.run(commands.why(subject="brief:f"))
    assert why is not None
    (missing,) = why["missing"]
    assert (missing["what"], missing["used"], missing["limit"], missing["seconds"]) == ("request", 1, 1, DAY)


def test_of_two_full_windows_the_one_that_ends_last_is_waited_for(desk_with_a_day: Desk) -> None:
    desk = desk_with_a_day
    desk.limit(create_per_minute=1)
    desk.ask("a", "b", "c", "d")
    for each in "ab":
        desk.submit(each)
        desk.pass_time(WINDOW)
    desk.submit("c")
    assert desk.waiting() == ["d"]
    assert desk.timer(f"account:{ACCOUNT}") == DAY * 1000 - 2 * WINDOW
