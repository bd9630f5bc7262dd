"""Pauses before something is tried again: they grow to an end, and no two processes have the same."""

from itertools import islice

from config import durations
from config.times import backoff, delay


def test_pauses_are_doubled_up_to_the_longest_and_jittered_by_half() -> None:
    first = durations.BACKOFF_FIRST_SECONDS
    for pause, middle in zip(backoff(4 * first), (first, 2 * first, 4 * first, 4 * first), strict=False):
        assert middle / 2 <= pause <= middle * 1.5


def test_without_a_longest_they_grow_to_that_of_all() -> None:
    late = list(islice(backoff(), 10, 20))
    assert durations.BACKOFF_MOST_SECONDS / 2 <= min(late) < max(late) <= durations.BACKOFF_MOST_SECONDS * 1.5


def test_two_that_lose_a_server_at_once_return_at_different_times() -> None:
    assert list(islice(backoff(), 5)) != list(islice(backoff(), 5))


def test_a_delay_after_countless_failures_is_the_longest() -> None:
    assert [delay(failures, 0.5, 3.0) for failures in (1, 2, 3, 4, 10**9)] == [0.5, 1.0, 2.0, 3.0, 3.0]
