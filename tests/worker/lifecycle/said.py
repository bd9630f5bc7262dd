"""Records and answers that transitions are made of, and what a transition says."""

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from worker.ledger.kinds import KINDS
from worker.ledger.records import Record
from worker.ledger.told import CandidateJob
from worker.ledger.transition import Completion, Pause, Throttle, Transition
from worker.lifecycle.choosing import Chosen
from worker.lifecycle.error_policy import Decision
from worker.lifecycle.transitions import ANEW
from worker.piktid.answers import Draft, JobResults
from worker.piktid.errors import (
    ForbiddenError,
    InvalidRequestError,
    OutcomeUnknownError,
    RateLimitedError,
)

LOOK, LIMIT, SEND_BY = 30_000, 90_000, 12.5
BRIEF = Record("brief:b", {"state": "x", "moved_at": "5", "grants": "2", "choose": '["first"]'}, 9)
CANDIDATES = json.dumps([{"image_result_id": 7, "url": "u"}, {"image_result_id": 8, "url": "v"}])
PROMOTION = Record("promotion:b#0", {"instruction": "0", "tried": "0", "candidates": CANDIDATES}, 9)
DRAFT = Draft(7, "u", "completed")
RESULTS = JobResults("j1", "identity_creation", "completed", None, (DRAFT,), 10.0)
CHOSEN = Chosen(0, (DRAFT,))
LOST, LIMITED = OutcomeUnknownError("lost"), RateLimitedError(429, "slow down")
BLOCKED = InvalidRequestError(422, "no", blocked_term="x", faults=(("prompt", "too bad"),))
FORBIDDEN = ForbiddenError(403, "no")
PAUSE, THROTTLE = Pause("promote", 1, "402"), Throttle("rate", None, "429")
ENTRY = {"call": "promote", "what": "accepted"}

ANSWERED = ("question", "evidence", "candidate_jobs", "error")
"""What the answer to a question removes."""
SAME_STAY = {"moved_at": "5", "state": "x"}
END = {"completion": Completion.COUNTED, "paid": True}
"""What the end of a paid call says."""
ABOUT = {
    "promotion": "promotion:b#0",
    "instruction": 0,
    "identity_code": None,
    "image_result_id": 7,
    "url": "u",
}
WHY = {"outcome": json.dumps({"state": "failed", **ABOUT, "error": "why"}), "error": "why"}
NO_DRAFT = f"its job j1 ended as completed without a finished draft: {ANEW}"


JOB = CandidateJob(job_id="j1", job_type=None, drafts=[2], created_at=None, seen_at=7)


def decided(to: str, pause: Pause | None = None, throttle: Throttle | None = None) -> Decision:
    return Decision(to, Completion.COUNTED, pause, throttle)


def create(what: str, **details: Any) -> dict[str, Any]:
    """Return the journal's entry about the brief's create."""
    return {"journal": {"call": "create", "subject": "brief:b", "attempt": 2, "what": what, **details}}


def promote(what: str, **details: Any) -> dict[str, Any]:
    """Return the journal's entry about the promotion's promote."""
    return {"journal": {"call": "promote", "subject": "promotion:b#0", "attempt": 0, "what": what, **details}}


def said(transition: Transition) -> dict[str, Any]:
    """Return what a transition says beside the state that it leads to; its event by type and data."""
    plain = Transition(transition.to)
    found = {each.name: getattr(transition, each.name) for each in fields(transition)}
    event = transition.event and (transition.event.type, transition.event.data)
    return {
        name: event if name == "event" else value
        for name, value in found.items()
        if value != getattr(plain, name)
    }


def check(start: str, transition: Transition, to: str, says: dict[str, Any]) -> None:
    """Assert that a transition leads where it may, and says just this beside."""
    assert transition.to == to
    assert said(transition) == says
    assert any(to in each.states[start].moves for each in KINDS.values() if start in each.states)


#: From which state, what makes the transition, to which state, and all else that it says.
Move = tuple[str, Callable[[], Transition], str, dict[str, Any]]
