"""The transitions: each says what its move needs and no more, and the table of states allows it."""

import json
from dataclasses import fields

import pytest

from worker.ledger.events import CandidateJob
from worker.ledger.kinds import KINDS
from worker.ledger.records import Record
from worker.ledger.transition import Completion, Note, Pause, Throttle, Transition
from worker.lifecycle import transitions
from worker.lifecycle.error_policy import Decision
from worker.piktid.answers import Draft, JobResults
from worker.piktid.errors import InvalidRequestError, OutcomeUnknownError, RateLimitedError

LOOK, LIMIT, SEND_BY = 30_000, 90_000, 12.5
BRIEF = Record("brief:b", {"state": "x", "moved_at": "5", "grants": "2", "choose": '["first"]'}, 9)
CANDIDATES = json.dumps([{"image_result_id": 7, "url": "u"}, {"image_result_id": 8, "url": "v"}])
PROMOTION = Record("promotion:b#0", {"instruction": "0", "tried": "0", "candidates": CANDIDATES}, 9)
RESULTS = JobResults("j1", "identity_creation", "completed", None, (Draft(7, "u", "completed"),), 10.0)
LOST, LIMITED = OutcomeUnknownError("lost"), RateLimitedError(429, "slow down")
BLOCKED = InvalidRequestError(422, "no", blocked_term="x", faults=(("prompt", "too bad"),))
PAUSE, THROTTLE = Pause("promote", 1, "402"), Throttle("rate", None, "429")
ENTRY = {"call": "promote", "what": "accepted"}

FAILED = transitions.fail(PROMOTION, "why")
HELD = transitions.hold("why?")
CLAIM = {"journal", "timer_ms", "claim_by"}
"""What the claim of a paid call says."""
END = {"journal", "completion", "paid"}
"""What the end of a paid call says."""


def decided(to: str, pause: Pause | None = None, throttle: Throttle | None = None) -> Decision:
    return Decision(to, Completion.COUNTED, pause, throttle)


#: From which state, the transition, to which state, what else it says, which fields it sets.
MOVES: list[tuple[str, Transition, str, set[str], set[str]]] = [
    ("waiting", transitions.submitting(BRIEF, {}, SEND_BY, LIMIT), "submitting", CLAIM | {"forget"}, set()),
    (
        "submitting",
        transitions.submitted(BRIEF, "j1", LOOK),
        "generating",
        END | {"fields", "forget", "jobs", "unowned", "timer_ms", "also_from"},
        {"job_id"},
    ),
    (
        "submitting",
        transitions.create_refused(BRIEF, BLOCKED, decided("failed"), LOOK),
        "failed",
        END | {"fields", "event", "also_from"},
        {"error"},
    ),
    (
        "submitting",
        transitions.create_refused(BRIEF, LOST, decided("uncertain"), LOOK),
        "uncertain",
        END | {"fields", "timer_ms", "also_from"},
        {"error", "call_ended"},
    ),
    (
        "submitting",
        transitions.create_refused(BRIEF, LIMITED, decided("waiting", throttle=THROTTLE), LOOK),
        "waiting",
        END | {"fields", "throttle", "also_from"},
        {"error"},
    ),
    (
        "submitting",
        transitions.unresolved(BRIEF, LOOK),
        "uncertain",
        {"journal", "completion", "timer_ms"},
        set(),
    ),
    (
        "uncertain",
        transitions.adopted(BRIEF, "j1", observed=3),
        "generating",
        {"fields", "forget", "when", "journal", "jobs", "unowned", "observed", "timer_ms"},
        {"job_id"},
    ),
    (
        "held",
        transitions.adopted(BRIEF, "j1", by="ada"),
        "generating",
        {"fields", "forget", "when", "journal", "jobs", "unowned", "timer_ms"},
        {"job_id"},
    ),
    ("uncertain", transitions.not_arrived(BRIEF, 3), "waiting", {"when", "journal", "observed"}, set()),
    (
        "held",
        transitions.sent_again(BRIEF, "waiting", ENTRY),
        "waiting",
        {"forget", "when", "journal"},
        set(),
    ),
    (
        "held",
        transitions.sent_again(BRIEF, "preparing", ENTRY),
        "preparing",
        {"forget", "when", "journal", "timer_ms"},
        set(),
    ),
    (
        "generating",
        transitions.drafts_ready(BRIEF, RESULTS, []),
        "choosing",
        {"fields", "event", "journal"},
        {"drafts", "credits_used"},
    ),
    (
        "generating",
        transitions.no_drafts(BRIEF, RESULTS),
        "failed",
        {"fields", "event", "journal"},
        {"credits_used", "error"},
    ),
    ("planned", transitions.promoting(PROMOTION, {}, SEND_BY, LIMIT), "promoting", CLAIM, set()),
    (
        "promoting",
        transitions.promoted(PROMOTION, "c1", None, ENTRY, LOOK),
        "preprocessing",
        END | {"fields", "forget", "event", "jobs", "timer_ms", "also_from"},
        {"identity_code"},
    ),
    (
        "promoting",
        transitions.promote_refused(PROMOTION, LIMITED, decided("planned", PAUSE)),
        "planned",
        END | {"pause"},
        set(),
    ),
    (
        "promoting",
        transitions.promote_refused(PROMOTION, LOST, decided("planned")),
        "planned",
        END | {"keep_permit"},
        set(),
    ),
    (
        "promoting",
        transitions.promote_unresolved(PROMOTION),
        "planned",
        {"journal", "completion", "keep_permit"},
        set(),
    ),
    (
        "preprocessing",
        transitions.same_draft_again("why", ENTRY),
        "planned",
        {"fields", "journal"},
        {"repeated", "error"},
    ),
    ("promoting", transitions.next_draft(1, "why"), "planned", {"fields", "forget"}, {"tried", "error"}),
    ("promoting", FAILED, "failed", {"fields", "event"}, {"outcome", "error"}),
    (
        "promoting",
        transitions.call_ended(FAILED, ENTRY, Completion.COUNTED),
        "failed",
        END | {"fields", "event"},
        {"outcome", "error"},
    ),
    ("preprocessing", transitions.ready(PROMOTION), "ready", {"fields", "event"}, {"outcome"}),
    ("preprocessing", HELD, "held", {"fields", "event"}, {"question"}),
    (
        "promoting",
        transitions.watched(HELD, LOOK),
        "held",
        {"fields", "event", "keep_permit", "timer_ms"},
        {"question"},
    ),
    (
        "uncertain",
        transitions.hold("why?", error="e", evidence={}, candidate_jobs=[]),
        "held",
        {"fields", "event"},
        {"question", "error", "evidence", "candidate_jobs"},
    ),
]


def said(transition: Transition) -> set[str]:
    """Return the names of what a transition says beside the state that it leads to."""
    plain = Transition(transition.to)
    names = {field.name for field in fields(transition)}
    return {name for name in names if getattr(transition, name) != getattr(plain, name)}


@pytest.mark.parametrize(("start", "transition", "to", "names", "sets"), MOVES)
def test_a_transition_says_what_it_needs_and_no_more(
    start: str, transition: Transition, to: str, names: set[str], sets: set[str]
) -> None:
    assert transition.to == to
    assert said(transition) == names
    assert set(transition.fields) == sets
    assert any(to in each.states[start].moves for each in KINDS.values() if start in each.states)


def test_a_transition_to_no_state_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="'done_with' is no state"):
        Transition("done_with")


def test_a_plain_change_gives_the_scripts_nothing_more() -> None:
    assert Transition("held").arguments() == {"to": "held"}
    assert Note().arguments() == {}


def test_a_hold_tells_its_question_and_candidates_downstream() -> None:
    job = {"job_id": "j1", "job_type": None, "drafts": [2], "created_at": None, "seen_at": 7}
    held = transitions.hold("which?", error="e", candidate_jobs=[CandidateJob.model_validate(job)])
    told = {"question": "which?", "candidate_jobs": [job]}
    assert held.event is not None
    assert (held.event.type, held.event.data) == ("identity.brief.held", told)
    assert json.loads(held.fields["candidate_jobs"]) == [job]


def test_a_blocked_brief_is_told_the_term_and_its_faults() -> None:
    event = transitions.create_refused(BRIEF, BLOCKED, decided("failed"), LOOK).event
    told = {"error": "422: no", "blocked_term": "x", "faults": [{"path": "prompt", "rule": "too bad"}]}
    assert event is not None
    assert (event.type, event.data) == ("identity.brief.failed", told)


def test_the_end_of_a_failed_promotion_is_what_the_brief_will_tell() -> None:
    outcome = json.loads(FAILED.fields["outcome"])
    assert FAILED.event is not None
    assert outcome == {"state": "failed", **FAILED.event.data}
    assert (outcome["promotion"], outcome["image_result_id"], outcome["error"]) == ("promotion:b#0", 7, "why")
