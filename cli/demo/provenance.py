"""Writes `OUTPUT/CODE/metadata.json`: what an identity was made from, beside its draft's picture."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.limits import Endpoint
from worker.ledger.events import BriefAccepted, DraftsReady, PreprocessingCompleted, Promoted
from worker.ledger.kinds import PROMOTION_CREDITS
from worker.ledger.records import brief_subject
from worker.network.pool import Pool
from worker.piktid.client import PiktID
from worker.piktid.errors import ApiError
from worker.piktid.pictures import Picture, download
from worker.views.models import BriefView, PromotionView
from worker.views.outbox import CloudEvent

Journal = Sequence[dict[str, Any]]


def fetch(pool: Pool, api: PiktID, brief: BriefView, promotion: PromotionView) -> Picture:
    """Return the picture of a promotion's draft; raises ApiError when it can't be had.

    A link on record may have expired; the job's results give a new one (piktid-v2.md 6.37).
    """
    try:
        return download(pool, promotion.url or "")
    except ApiError:
        drafts = api.job_results(brief.job_id or "").drafts
        urls = {draft.image_result_id: draft.url for draft in drafts}
        return download(pool, urls.get(promotion.image_result_id) or "")


def write(folder: Path, metadata: dict[str, Any], picture: Picture) -> None:
    """Write an identity's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"picture{picture.suffix}").write_bytes(picture.content)
    text = json.dumps(metadata | {"picture": f"picture{picture.suffix}"}, ensure_ascii=False, indent=2)
    (folder / "metadata.json").write_text(text + "\n", encoding="utf-8")


def remove(folder: Path) -> None:
    """Remove what `write` wrote; a folder that holds anything else stays, with that."""
    for path in (folder / "metadata.json", *folder.glob("picture.*")):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def describe(
    brief: BriefView,
    promotion: PromotionView,
    name: str | None,
    journal: Journal,
    events: Sequence[CloudEvent],
) -> dict[str, Any]:
    """Return an identity's provenance; `journal` and `events` are those of its brief, credits as charged.

    The credits of the drafts are those of the whole job, which a brief's identities share.
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
        "metadata": next((e.data["metadata"] for e in events if e.data["brief_id"] == brief.brief_id), {}),
        "notes": list(brief.notes),
        "jobs": {"creation": brief.job_id, "preprocessing": promotion.preprocessing_job_id},
        "drafts": list(brief.drafts),
        "choice": {
            "instruction": promotion.instruction,
            "rule": brief.choose[promotion.instruction],
            "image_result_id": promotion.image_result_id,
            "url": promotion.url,
        },
        "times": _times(subjects, journal, events),
        "paid_calls": [
            {"time": _of_ms(entry["at"])} | {key: value for key, value in entry.items() if key != "at"}
            for entry in journal
            if entry["subject"] in subjects
        ],
        "credits": {
            "drafts": brief.credits - PROMOTION_CREDITS * identities,
            "promotion": PROMOTION_CREDITS,
        },
    }


def _times(
    subjects: tuple[str, str], journal: Journal, events: Sequence[CloudEvent]
) -> dict[str, str | None]:
    """Return when each step was taken, the last time it was; None where it is not on record."""
    found = {event.type: _iso(event.time) for event in events if event.subject in subjects}
    creates = [entry for entry in journal if entry["call"] == Endpoint.CREATE]
    submitted = [entry["at"] for entry in creates if entry["what"] == "intended"]
    return {
        "accepted": found.get(BriefAccepted.type),
        "submitted": _of_ms(submitted[-1]) if submitted else None,
        "generated": found.get(DraftsReady.type),
        "promoted": found.get(Promoted.type),
        "ready": found.get(PreprocessingCompleted.type),
    }


def _of_ms(ms: int) -> str:
    return _iso(datetime.fromtimestamp(ms / 1000, UTC))


def _iso(time: datetime) -> str:
    """Return a time as the events write it (RFC 3339)."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
