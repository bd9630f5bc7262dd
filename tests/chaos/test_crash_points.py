"""A brief whose processes are killed at any of their calls ends as if nothing had been, and is paid once.

Here at the calls around what is paid; `make crash-points` does it at all of them.
"""

import pytest

from tests.chaos.programs import crashes
from tests.chaos.programs.crashes import Cut

#: Around what is paid, and a person's choice.
CALLS = (
    "POST /identity/create",
    "advance brief:b generating",
    "POST /identity/promote-generated",
    "plan b",
)


#: What must be among the calls that are listed: of each process, and of each kind of part.
LISTED = {
    "photo": {"fetch briefs", "ack steps", "POST /preset/extract-from-image", "plan b"},
    "two faces": {"POST /upload", "advance promotion:b#1 ready", "DELETE /notifications/*", "wake default"},
}


def sample(cuts: list[Cut]) -> list[Cut]:
    """Both sides of each of these calls, once."""
    return [cut for cut in cuts if cut.story == "photo" and cut.point.call in CALLS and cut.point.number == 1]


@pytest.mark.story
@pytest.mark.timeout(300)
def test_a_brief_killed_at_a_call_is_done_and_paid_once() -> None:
    with crashes.stage() as stage:
        cuts = crashes.all_cuts(stage)
        chosen = sample(cuts)
        lived = list(crashes.run(stage, chosen))
        # The stream of a listener without a processor for seconds has a gap: then a person is rightly asked.
        slow = [life for life in lived if any("without a gap" in question for question in life.questions)]
        again = [cut for cut in chosen if cut in [(life.story, life.point) for life in slow]]
        lived = [*(life for life in lived if life not in slow), *crashes.run(stage, again)]
    for story, calls in LISTED.items():
        assert calls <= {cut.point.call for cut in cuts if cut.story == story}
    assert {cut.point.call for cut in chosen} == set(CALLS)
    assert [str(life) for life in lived if not life.as_it_should_be] == []
    assert all(life.killed for life in lived)
