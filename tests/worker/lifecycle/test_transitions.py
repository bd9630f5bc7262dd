"""A brief's transitions: each says what its move needs and no more, and the states allow it."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
from said import (
    ANSWERED,
    BLOCKED,
    BRIEF,
    CHOSEN,
    DRAFT,
    END,
    ENTRY,
    FORBIDDEN,
    JOB,
    LIMIT,
    LIMITED,
    LOOK,
    LOST,
    NO_DRAFT,
    PAUSE,
    RESULTS,
    SAME_STAY,
    SEND_BY,
    THROTTLE,
    Move,
    check,
    create,
    decided,
)

from worker.ledger.transition import Completion, Transition
from worker.lifecycle import transitions
from worker.lifecycle.choosing import candidate

MOVES: list[Move] = [
    (
        "waiting",
        lambda: transitions.submitting(BRIEF, {}, SEND_BY, LIMIT),
        "submitting",
        {"forget": ["call_ended"], "timer_ms": LIMIT, "claim_by": SEND_BY}
        | create("intended", fingerprint="44136fa355b3678a"),
    ),
    (
        "submitting",
        lambda: transitions.submitted(BRIEF, "j1", LOOK),
        "generating",
        {"fields": {"job_id": "j1"}, "forget": ANSWERED, "jobs": ["j1"], "unowned": True, "timer_ms": LOOK}
        | {"also_from": ("uncertain", "held")}
        | END
        | create("accepted", job_id="j1"),
    ),
    (
        "submitting",
        lambda: transitions.create_refused(BRIEF, BLOCKED, decided("failed"), LOOK),
        "failed",
        {
            "fields": {"error": "422: no"},
            "event": (
                "identity.brief.failed",
                {"error": "422: no", "blocked_term": "x", "faults": [{"path": "prompt", "rule": "too bad"}]},
            ),
            "also_from": ("uncertain",),
        }
        | END
        | create("Invalid", message="422: no"),
    ),
    (
        "submitting",
        lambda: transitions.create_refused(BRIEF, FORBIDDEN, decided("failed"), LOOK),
        "failed",
        {
            "fields": {"error": "403: no"},
            "event": ("identity.brief.failed", {"error": "403: no"}),
            "also_from": ("uncertain",),
        }
        | END
        | create("Forbidden", message="403: no"),
    ),
    (
        "submitting",
        lambda: transitions.create_refused(BRIEF, LOST, decided("uncertain"), LOOK),
        "uncertain",
        {"fields": {"error": "lost", "call_ended": "1"}, "timer_ms": LOOK, "also_from": ("uncertain",)}
        | END
        | create("OutcomeUnknown", message="lost"),
    ),
    (
        "submitting",
        lambda: transitions.create_refused(BRIEF, LIMITED, decided("waiting", PAUSE, THROTTLE), LOOK),
        "waiting",
        {"fields": {"error": "429: slow down"}, "pause": PAUSE, "throttle": THROTTLE}
        | {"also_from": ("uncertain",)}
        | END
        | create("RateLimited", message="429: slow down"),
    ),
    (
        "submitting",
        lambda: transitions.unresolved(BRIEF, LOOK),
        "uncertain",
        {"completion": Completion.COUNTED, "timer_ms": LOOK} | create("unknown"),
    ),
    (
        "uncertain",
        lambda: transitions.adopted(BRIEF, "j1", observed=3),
        "generating",
        {"fields": {"job_id": "j1"}, "forget": ANSWERED, "when": SAME_STAY, "jobs": ["j1"], "unowned": True}
        | {"observed": 3, "timer_ms": 1}
        | create("adopted", job_id="j1"),
    ),
    (
        "held",
        lambda: transitions.adopted(BRIEF, "j1", by="ada"),
        "generating",
        {"fields": {"job_id": "j1"}, "forget": ANSWERED, "when": SAME_STAY, "jobs": ["j1"], "unowned": True}
        | {"timer_ms": 1}
        | create("adopted", job_id="j1", by="ada"),
    ),
    (
        "uncertain",
        lambda: transitions.not_arrived(BRIEF, 3),
        "waiting",
        {"when": SAME_STAY, "observed": 3} | create("not arrived"),
    ),
    (
        "held",
        lambda: transitions.sent_again(BRIEF, "waiting", ENTRY),
        "waiting",
        {"forget": ANSWERED, "when": {**SAME_STAY, "wish": ""}, "journal": ENTRY},
    ),
    (
        "held",
        lambda: transitions.sent_again(BRIEF, "preparing", ENTRY),
        "preparing",
        {"forget": ANSWERED, "when": {**SAME_STAY, "wish": ""}, "journal": ENTRY, "timer_ms": 1},
    ),
    (
        "generating",
        lambda: transitions.drafts_ready(BRIEF, RESULTS, [CHOSEN]),
        "choosing",
        {
            "fields": {"drafts": json.dumps([asdict(DRAFT)]), "credits_used": "10"},
            "event": (
                "identity.drafts.ready",
                {"job_id": None, "choose": ("first",), "drafts": [candidate(DRAFT)]},
            ),
            "promotions": (CHOSEN.fields(),),
        }
        | create("charged", job_id="j1", credits=10.0),
    ),
    (
        "generating",
        lambda: transitions.no_drafts(BRIEF, RESULTS),
        "failed",
        {
            "fields": {"credits_used": "10", "error": NO_DRAFT},
            "event": ("identity.brief.failed", {"error": NO_DRAFT}),
        }
        | create("charged", job_id="j1", credits=10.0),
    ),
    (
        "preprocessing",
        lambda: transitions.hold("why?"),
        "held",
        {"fields": {"question": "why?"}, "event": ("identity.brief.held", {"question": "why?"})},
    ),
    (
        "promoting",
        lambda: transitions.watched(transitions.hold("why?"), LOOK),
        "held",
        {"fields": {"question": "why?"}, "event": ("identity.brief.held", {"question": "why?"})}
        | {"keep_permit": True, "timer_ms": LOOK},
    ),
    (
        "uncertain",
        lambda: transitions.hold("why?", error="e", evidence={"x": 1}, candidate_jobs=[JOB]),
        "held",
        {
            "fields": {
                "question": "why?",
                "error": "e",
                "evidence": '{"x": 1}',
                "candidate_jobs": json.dumps([JOB.model_dump()]),
            },
            "event": (
                "identity.brief.held",
                {"question": "why?", "candidate_jobs": [JOB.model_dump()]},
            ),
        },
    ),
]


@pytest.mark.parametrize(("start", "make", "to", "says"), MOVES)
def test_a_briefs_transition_says_what_it_needs_and_no_more(
    start: str, make: Callable[[], Transition], to: str, says: dict[str, Any]
) -> None:
    check(start, make(), to, says)


@pytest.mark.parametrize(("status", "told"), [("aborted", "aborted"), ("", "over")])
def test_a_job_without_a_finished_draft_fails_its_brief(status: str, told: str) -> None:
    failed = transitions.no_drafts(BRIEF, replace(RESULTS, status=status, credits_used=None))
    assert failed.fields == {
        "error": f"its job j1 ended as {told} without a finished draft: {transitions.ANEW}"
    }
