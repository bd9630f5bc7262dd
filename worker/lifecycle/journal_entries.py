"""Builds the journal's entries: of a paid call before it is made, and of how it ended."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from worker.ledger.kinds import KINDS
from worker.ledger.records import Record
from worker.piktid.answers import JobResults
from worker.piktid.errors import ApiError

#: The paid call that makes an identity of a portrait.
IMPORT = "import"


def fingerprint(request: Mapping[str, Any]) -> str:
    """Return a short digest of a request."""
    return hashlib.sha256(json.dumps(request, ensure_ascii=False).encode()).hexdigest()[:16]


def call_of(record: Record) -> str:
    """Return what the journal calls the paid call of a record."""
    return IMPORT if record.get("photo") is not None else KINDS[record.kind].endpoint


def intended(call: str, record: Record, request: Mapping[str, Any], **details: Any) -> dict[str, Any]:
    """Return the journal's entry for a paid call that is about to be made with this request."""
    return outcome(call, record, "intended", fingerprint=fingerprint(request), **details)


def outcome(call: str, record: Record, what: str, **details: Any) -> dict[str, Any]:
    """Return the journal's entry for how a paid call ended."""
    return {"call": call, "subject": record.subject, "attempt": record.attempt, "what": what, **details}


def supposed(call: str, record: Record, **details: Any) -> dict[str, Any]:
    """Return the journal's entry for a paid call that may have been made, as its record was forgotten."""
    return outcome(call, record, "unknown", supposed=True, **details)


def refused(call: str, record: Record, error: ApiError, **details: Any) -> dict[str, Any]:
    """Return the journal's entry for a paid call that has failed."""
    return outcome(call, record, error.outcome, **details, message=str(error))


def charged(brief: Record, results: JobResults) -> dict[str, Any]:
    """Return the journal's entry for what a brief's job cost; credits are None where the API is silent."""
    call = KINDS[brief.kind].endpoint
    return outcome(call, brief, "charged", job_id=results.job_id, credits=results.credits_used)
