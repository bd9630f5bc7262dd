"""A brief whose processes are killed at any of their calls ends as if nothing had been, and is paid once.

Here at the calls around what is paid; `make crash-points` does it at all of them.
"""

import pytest

from benchmarks.chaos import crashes
from benchmarks.chaos.points import Point

#: Around what is paid, and a person's choice.
CALLS = (
    "POST /identity/create",
    "advance brief:b generating",
    "POST /identity/promote-generated",
    "plan b",
)


def sample(points: list[Point]) -> list[Point]:
    """Both sides of each of these calls, once."""
    return [point for point in points if point.call in CALLS and point.number == 1]


@pytest.mark.timeout(300)
def test_a_brief_whose_process_is_killed_at_a_call_is_done_and_paid_once() -> None:
    with crashes.stage() as stage:
        points = crashes.all_points(stage)
        chosen = sample(points)
        lived = crashes.run(stage, chosen)
    assert {point.call for point in chosen} == set(CALLS)
    assert [str(life) for life in lived if not life.as_it_should_be] == []
    assert all(life.killed for life in lived)
