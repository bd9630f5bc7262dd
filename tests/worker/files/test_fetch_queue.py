"""Few fetch at once, one from each host, in the order in which they asked."""

import pytest

from config import durations
from worker.files import fetch_queue
from worker.files.fetch_queue import FetchPlaces, host_of, share_of


@pytest.mark.parametrize(("threads", "share"), [(1, 1), (4, 1), (8, 2), (32, 8)])
def test_a_quarter_of_the_threads_may_fetch(threads: int, share: int) -> None:
    assert share_of(threads) == share


def test_a_host_is_the_same_however_it_is_written() -> None:
    assert {host_of(url) for url in ("https://A.example/x", "https://a.example.:443/y?z")} == {"a.example"}


def test_no_more_fetch_than_there_are_places_and_one_from_each_host() -> None:
    places = FetchPlaces(2)
    assert places.take("1", "dead")
    assert not places.take("2", "dead")
    assert places.take("3", "b")
    assert not places.take("4", "c")


def test_whoever_stands_in_line_is_called_when_its_host_has_room() -> None:
    places = FetchPlaces(2)
    assert places.take("1", "dead")
    assert places.take("2", "b")
    assert not any(places.take(*each) for each in (("3", "dead"), ("4", "b"), ("5", "c"), ("4", "b")))
    assert places.call() is None
    places.give_back("2")
    assert [places.call(), places.call()] == ["4", None]
    places.give_back("1")
    assert [places.call(), places.call()] == ["3", None]


def test_the_place_of_who_was_called_is_kept_but_not_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1.0
    monkeypatch.setattr(fetch_queue.time, "monotonic", lambda: now)
    places = FetchPlaces(1)
    places.take("1", "a")
    places.take("2", "b")
    places.give_back("1")
    assert places.call() == "2"
    assert not places.take("3", "c")
    now += durations.FETCH_CALLED_SECONDS
    assert places.take("4", "d")
    assert not places.take("2", "b")


def test_a_second_run_that_fetches_takes_and_gives_back_no_place() -> None:
    places = FetchPlaces(2)
    assert places.take("1", "a")
    assert not places.take("1", "a")
    assert places.call() is None
