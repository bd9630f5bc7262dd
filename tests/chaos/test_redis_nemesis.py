"""Redis misbehaves under running briefs: all heals without a restart of ours, nothing is lost or doubled."""

import pytest

from tests.chaos.programs.nemesis import BEFORE, trouble
from tests.chaos.programs.nemesis_ways import WAYS


@pytest.mark.story
@pytest.mark.timeout(420)  # it tells what is wrong if all is not quiet within 240 s
def test_all_is_well_again_after_redis_misbehaved_in_every_way() -> None:
    outcome = trouble(list(WAYS), quick=True)
    assert (outcome["breaches"], outcome["ended"]) == ([], [])
    assert sum(outcome["briefs"].values()) >= 3 * BEFORE
    assert outcome["briefs"]["done"] >= BEFORE
    assert outcome["answers_lost"] > 5
