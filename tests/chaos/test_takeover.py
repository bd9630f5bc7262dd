"""What `make takeover` hands over, which itself takes ten minutes and an installation of an old release."""

from tests.chaos.harness.every_state import BRIEFS, PROMOTIONS
from worker.ledger.states import BRIEF, PROMOTION


def test_a_brief_in_every_state_is_handed_over() -> None:
    assert set(BRIEF) == BRIEFS


def test_a_promotion_in_every_state_of_a_running_one_is_handed_over() -> None:
    running = {name for name, state in PROMOTION.items() if state.moves and not state.final}
    assert running - PROMOTIONS == {"held"}, "that of a promotion follows from many failures of one step"
