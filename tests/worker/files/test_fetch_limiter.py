"""Few fetch at once, one from each host, in the order in which they asked."""

import pytest

from config import durations
from worker.files import fetch_limiter
from worker.files.fetch_limiter import FetchLimiter, host_of, share_of


@pytest.mark.parametrize(("threads", "share"), [(1, 1), (4, 1), (8, 2), (32, 8)])
def test_a_quarter_of_the_threads_may_fetch(threads: int, share: int) -> None:
    assert share_of(threads) == share


def test_a_host_is_the_same_however_it_is_written() -> None:
    assert {host_of(url) for url in ("https://A.example/x", "https://a.example.:443/y?z")} == {"a.example"}


def test_no_more_fetch_than_may_and_one_from_each_host() -> None:
    limiter = FetchLimiter(2)
    assert limiter.acquire("1", "dead")
    assert not limiter.acquire("2", "dead")
    assert limiter.acquire("3", "b")
    assert not limiter.acquire("4", "c")


def test_a_waiting_brief_is_called_when_its_host_has_room() -> None:
    limiter = FetchLimiter(2)
    assert limiter.acquire("1", "dead")
    assert limiter.acquire("2", "b")
    assert not any(limiter.acquire(*each) for each in (("3", "dead"), ("4", "b"), ("5", "c"), ("4", "b")))
    assert limiter.call_next() is None
    limiter.release("2")
    assert [limiter.call_next(), limiter.call_next()] == ["4", None]
    limiter.release("1")
    assert [limiter.call_next(), limiter.call_next()] == ["3", None]


def test_the_fetch_of_who_was_called_is_kept_but_not_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1.0
    monkeypatch.setattr(fetch_limiter.time, "monotonic", lambda: now)
    limiter = FetchLimiter(1)
    limiter.acquire("1", "a")
    limiter.acquire("2", "b")
    limiter.release("1")
    assert limiter.call_next() == "2"
    assert not limiter.acquire("3", "c")
    now += durations.FETCH_CALLED_SECONDS
    assert limiter.acquire("4", "d")
    assert not limiter.acquire("2", "b")


def test_a_second_run_of_a_fetch_is_none() -> None:
    limiter = FetchLimiter(2)
    assert limiter.acquire("1", "a")
    assert not limiter.acquire("1", "a")
    assert limiter.call_next() is None
