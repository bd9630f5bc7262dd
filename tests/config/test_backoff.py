"""Pauses before something is tried again: they grow to an end, and no two processes have the same."""

from itertools import islice

from config import durations
from config.backoff import pauses


def test_pauses_are_doubled_up_to_the_longest_and_jittered_by_half() -> None:
    first = durations.BACKOFF_FIRST_SECONDS
    for pause, middle in zip(pauses(4 * first), (first, 2 * first, 4 * first, 4 * first), strict=False):
        assert middle / 2 <= pause <= middle * 1.5


def test_without_a_longest_they_grow_to_that_of_all() -> None:
    late = list(islice(pauses(), 10, 20))
    assert durations.BACKOFF_MOST_SECONDS / 2 <= min(late) < max(late) <= durations.BACKOFF_MOST_SECONDS * 1.5


def test_two_that_lose_a_server_at_once_return_at_different_times() -> None:
    assert list(islice(pauses(), 5)) != list(islice(pauses(), 5))
