"""Describes what an identity was made from: the content of its `metadata.json`."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from config.limits import Endpoint
from worker.ledger.kinds import PROMOTION_CREDITS
from worker.ledger.records import brief_subject
from worker.views.models import BriefView, PromotionView

Journal = Sequence[Mapping[str, Any]]


def describe(
    brief: BriefView, promotion: PromotionView, name: str | None, journal: Journal
) -> dict[str, Any]:
    """Return an identity's provenance; `journal` is that of its brief, credits are as charged.

    The same record gives the same text, whenever it is read. The credits of the drafts are those of the whole
    job, which a brief's identities share.
    """
    subjects = (brief_subject(brief.brief_id), promotion.subject)
    identities = sum(each.identity_code is not None for each in brief.promotions)
    return {
        "identity_code": promotion.identity_code,
        "name": name,
        "account": brief.account,
        "brief_id": brief.brief_id,
        "batch": brief.batch,
        "brief": brief.body,
        "metadata": brief.metadata,
        "notes": list(brief.notes),
        "jobs": {"creation": brief.job_id, "preprocessing": promotion.preprocessing_job_id},
        "drafts": list(brief.drafts),
        "choice": {
            "instruction": promotion.instruction,
            "rule": brief.choose[promotion.instruction],
            "image_result_id": promotion.image_result_id,
            "url": promotion.url,
            **_decision(brief, promotion.instruction),
        },
        "times": _times(brief, promotion, journal),
        "paid_calls": [
            {"time": time_of(entry["at"])} | {key: value for key, value in entry.items() if key != "at"}
            for entry in journal
            if entry.get("subject") in subjects
        ],
        "credits": {
            "drafts": brief.credits - PROMOTION_CREDITS * identities,
            "promotion": PROMOTION_CREDITS,
        },
    }


def _decision(brief: BriefView, instruction: int) -> dict[str, Any]:
    """Return what a rule that looked at the drafts has said; nothing where none did."""
    found = next((each for each in brief.decisions if each["instruction"] == instruction), None)
    return {} if found is None else {"decision": found}


def text_of(metadata: Mapping[str, Any]) -> bytes:
    """Return the text of a `metadata.json`."""
    return (json.dumps(metadata, ensure_ascii=False, indent=2) + "\n").encode(errors="backslashreplace")


def _times(brief: BriefView, promotion: PromotionView, journal: Journal) -> dict[str, str | None]:
    """Return when each step was taken, the last time it was; None where it is not on record."""
    creates = [entry for entry in journal if entry["call"] == Endpoint.CREATE]
    submitted = [entry["at"] for entry in creates if entry["what"] == "intended"]
    own = [entry for entry in journal if entry.get("subject") == promotion.subject]
    promoted = [entry["at"] for entry in own if entry.get("identity_code")]
    return {
        "accepted": time_of(brief.accepted_at),
        "submitted": time_of(submitted[-1] if submitted else None),
        "generated": time_of(brief.made_at),
        "promoted": time_of(promoted[-1] if promoted else None),
        "ready": time_of(promotion.made_at),
    }


def time_of(ms: int | None) -> str | None:
    """Return a time (ms since 1970) as the events write it (RFC 3339), None for None."""
    if ms is None:
        return None
    time = datetime.fromtimestamp(ms / 1000, UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
