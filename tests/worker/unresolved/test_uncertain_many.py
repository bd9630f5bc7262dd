"""Many creates of unknown outcome at once, among the jobs of others: the benchmark, as small as it can be."""

import pytest

from tests.chaos.programs import uncertain


@pytest.mark.story
@pytest.mark.channel
@pytest.mark.timeout(300)
def test_of_many_lost_creates_none_is_paid_twice_or_swapped() -> None:
    figures = uncertain.measure(10, speed=60, kills=False)
    assert figures["unknown"] >= 4
    assert figures["adopted"] > 0
    assert figures["unknown"] <= figures["adopted"] + figures["resent"] + figures["held"]
    assert (figures["paid_twice"], figures["wrong_adoption"], figures["permits_left"]) == (0, 0, 0)
    assert figures["done"] + figures["held"] == figures["briefs"]
    assert figures["most_jobs_in_flight"] <= 5
