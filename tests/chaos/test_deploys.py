"""A worker that is told to end in the middle of its work is gone soon and leaves nothing behind."""

import pytest

from tests.chaos.programs.deploys import GONE_WITHIN, deploy


@pytest.mark.story
@pytest.mark.timeout(300)
def test_workers_are_replaced_while_briefs_run_and_nobody_notices() -> None:
    outcome = deploy(seconds=8, every=4)
    assert len(outcome.gone_after) == 2
    assert max(outcome.gone_after) < GONE_WITHIN
    assert (outcome.left, outcome.codes, outcome.breaches) == (0, [0, 0], [])
    assert set(outcome.states) == {"done"}
