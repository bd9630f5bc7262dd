"""A promotion's transitions: each says what its move needs and no more, and the states allow it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from said import (
    ABOUT,
    ANSWERED,
    END,
    ENTRY,
    LIMIT,
    LIMITED,
    LOOK,
    LOST,
    PAUSE,
    PROMOTION,
    SEND_BY,
    THROTTLE,
    WHY,
    Move,
    check,
    decided,
    promote,
)

from worker.ledger.transition import Completion, Transition
from worker.lifecycle import transitions
from worker.piktid.errors import (
    ApiError,
    UnexpectedStatusError,
)

MOVES: list[Move] = [
    (
        "planned",
        lambda: transitions.promoting(PROMOTION, {"name": "Ann"}, SEND_BY, LIMIT),
        "promoting",
        {"timer_ms": LIMIT, "claim_by": SEND_BY}
        | promote("intended", fingerprint="eea4e93ec9f610fb", name="Ann"),
    ),
    (
        "promoting",
        lambda: transitions.promoted(PROMOTION, "c1", None, ENTRY, LOOK),
        "preprocessing",
        {
            "fields": {"identity_code": "c1"},
            "forget": ANSWERED,
            "event": ("identity.promoted", ABOUT | {"identity_code": "c1"}),
            "journal": ENTRY | {"identity_code": "c1"},
            "jobs": ["c1"],
            "timer_ms": LOOK,
            "also_from": ("held",),
        }
        | END,
    ),
    (
        "promoting",
        lambda: transitions.promoted(PROMOTION, "c1", "j2", ENTRY, LOOK),
        "preprocessing",
        {
            "fields": {"identity_code": "c1", "preprocessing_job_id": "j2"},
            "forget": ANSWERED,
            "event": (
                "identity.promoted",
                ABOUT | {"identity_code": "c1", "preprocessing_job_id": "j2"},
            ),
            "journal": ENTRY | {"identity_code": "c1", "preprocessing_job_id": "j2"},
            "jobs": ["c1", "j2"],
            "timer_ms": LOOK,
            "also_from": ("held",),
        }
        | END,
    ),
    (
        "promoting",
        lambda: transitions.promote_refused(PROMOTION, LIMITED, decided("planned", PAUSE, THROTTLE)),
        "planned",
        {"pause": PAUSE, "throttle": THROTTLE} | END | promote("RateLimited", message="429: slow down"),
    ),
    (
        "promoting",
        lambda: transitions.promote_refused(PROMOTION, LOST, decided("planned")),
        "planned",
        {"keep_permit": True} | END | promote("OutcomeUnknown", message="lost"),
    ),
    (
        "promoting",
        lambda: transitions.promote_unresolved(PROMOTION),
        "planned",
        {"completion": Completion.COUNTED, "keep_permit": True} | promote("unknown"),
    ),
    (
        "preprocessing",
        lambda: transitions.same_draft_again("why", ENTRY),
        "planned",
        {"fields": {"repeated": "1", "error": "why"}, "journal": ENTRY},
    ),
    (
        "promoting",
        lambda: transitions.next_draft(1, "why"),
        "planned",
        {"fields": {"tried": "1", "error": "why"}, "forget": ["repeated"]},
    ),
    (
        "promoting",
        lambda: transitions.fail(PROMOTION, "why"),
        "failed",
        {"fields": WHY, "event": ("identity.promotion.failed", ABOUT | {"error": "why"})},
    ),
    (
        "promoting",
        lambda: transitions.call_ended(transitions.fail(PROMOTION, "why"), ENTRY, Completion.COUNTED),
        "failed",
        {"fields": WHY, "event": ("identity.promotion.failed", ABOUT | {"error": "why"}), "journal": ENTRY}
        | END,
    ),
    (
        "preprocessing",
        lambda: transitions.ready(PROMOTION),
        "ready",
        {
            "fields": {"outcome": json.dumps({"state": "ready", **ABOUT})},
            "event": ("identity.preprocessing.completed", ABOUT),
        },
    ),
]


@pytest.mark.parametrize(("start", "make", "to", "says"), MOVES)
def test_a_promotions_transition_says_what_it_needs_and_no_more(
    start: str, make: Callable[[], Transition], to: str, says: dict[str, Any]
) -> None:
    check(start, make(), to, says)


@pytest.mark.parametrize(
    ("error", "keeps"), [(LOST, True), (UnexpectedStatusError(418, "odd"), True), (LIMITED, False)]
)
def test_only_a_promote_that_may_have_arrived_keeps_its_permit(error: ApiError, keeps: bool) -> None:
    assert transitions.promote_refused(PROMOTION, error, decided("planned")).keep_permit is keeps
