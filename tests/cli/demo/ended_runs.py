"""Briefs of a demo that has run to its end, and its summary."""

from typing import Any

TOTALS: dict[str, Any] = {
    "briefs": 1,
    "drafts": 1,
    "identities": 1,
    "credits": 53.0,
    "seconds": 1.0,
    "most_jobs_in_flight": 1,
    "answers_429": 0,
    "events": {"identity.brief.done": 1},
}


def brief(brief_id: str, *codes: str, error: str | None = None) -> dict[str, Any]:
    identities = [{"identity_code": code, "name": "A name that is longer than its column"} for code in codes]
    state = "failed" if error else "done"
    facts = {"brief_id": brief_id, "state": state, "error": error, "drafts": 3, "credits": 59.0}
    return facts | {"identities": identities}


def summary(*briefs: dict[str, Any]) -> dict[str, Any]:
    return {"briefs": list(briefs), "totals": TOTALS}
