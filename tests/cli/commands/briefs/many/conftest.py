"""Briefs for commands that are given to many."""

import pytest
from stepping import Flow

from worker.ledger.transition import Transition


@pytest.fixture
def three(flow: Flow) -> Flow:
    """Return the flow with three briefs that have failed."""
    for brief_id in ("a", "b", "c"):
        flow.accept(brief_id=brief_id)
        flow.ledger.apply(flow.brief(brief_id), Transition("failed", fields={"error": "503"}))
    return flow
