"""How times and durations are read of Redis and written for people."""

import pytest

from config.times import format_duration, monotonic, redis_ms


def test_the_time_of_redis_is_read_as_milliseconds() -> None:
    assert redis_ms((1_700_000_000, 999_999)) == 1_700_000_000_999


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(-1, "0s"), (45_999, "45s"), (719_000, "11m"), (3_600_000, "1h"), (9 * 86_400_000, "9d")],
)
def test_a_duration_is_written_in_its_largest_unit(milliseconds: int, text: str) -> None:
    assert format_duration(milliseconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "0:00"), (59_900, "0:59"), (61_000, "1:01"), (3_600_000, "1:00:00")]
)
def test_an_exact_duration_reads_as_on_a_clock(milliseconds: float, text: str) -> None:
    assert format_duration(milliseconds, exact=True) == text


def test_the_monotonic_clock_never_goes_back() -> None:
    first = monotonic()
    assert monotonic() >= first
