"""Redis misbehaves under running briefs: all heals without a restart of ours, nothing is lost or doubled."""

import pytest

from benchmarks.nemesis import BEFORE, WAYS, trouble


@pytest.mark.timeout(180)
@pytest.mark.parametrize("way", WAYS)
def test_all_is_well_again_after(way: str) -> None:
    outcome = trouble(way, quick=True)
    assert (outcome["breaches"], outcome["ended"]) == ([], [])
    assert sum(outcome["briefs"].values()) >= BEFORE
    assert outcome["briefs"]["done"] >= BEFORE / 2
    assert (outcome["answers_lost"] > 5) == (way == "lost_replies")
